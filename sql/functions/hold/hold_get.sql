-- GET /allocations/{id}
CREATE OR REPLACE FUNCTION budget.hold_get(tenant uuid, context jsonb, args jsonb) RETURNS budget.reply LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, budget, pg_temp AS $$
DECLARE
    result json;
BEGIN
    PERFORM budget.enter(tenant, context);
    SELECT budget.hold_json(h, s) INTO result
      FROM budget.hold h JOIN budget.shape s ON s.tenant_id = h.tenant_id AND s.shape_id = h.shape_id
     WHERE h.tenant_id = tenant AND h.hold_id = (args ->> 'id')::uuid;
    IF result IS NULL THEN
        PERFORM budget.fail(404, 'allocation_not_found', '', 'There is no allocation with this id.');
    END IF;
    RETURN ROW(200, result, NULL)::budget.reply;
END $$;

-- GET /allocations/context/{ctx}: the one a record of this context would settle.
CREATE OR REPLACE FUNCTION budget.hold_get_context(tenant uuid, context jsonb, args jsonb) RETURNS budget.reply
    LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, budget, pg_temp AS $$
DECLARE
    result json;
BEGIN
    PERFORM budget.enter(tenant, context);
    SELECT budget.hold_json(h, s) INTO result
      FROM budget.hold h JOIN budget.shape s ON s.tenant_id = h.tenant_id AND s.shape_id = h.shape_id
     WHERE h.tenant_id = tenant AND h.context_id = args ->> 'ctx' AND h.state = 'live'
         AND h.expires_at > clock_timestamp()
     ORDER BY h.hold_id LIMIT 1;
    IF result IS NULL THEN
        PERFORM budget.fail(404, 'allocation_not_found', '', 'This context has no live allocation.');
    END IF;
    RETURN ROW(200, result, NULL)::budget.reply;
END $$;
