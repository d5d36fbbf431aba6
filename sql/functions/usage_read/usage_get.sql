-- GET /usage/records/{id}: as in lists, and with `raw`, the provider's own usage object, where it was kept.
CREATE OR REPLACE FUNCTION budget.usage_get(tenant uuid, context jsonb, args jsonb) RETURNS budget.reply
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, budget, pg_temp AS $$
DECLARE
    asked budget.usage_record;
BEGIN
    PERFORM budget.enter(tenant, context);
    SELECT u.* INTO asked FROM budget.usage_record u
      JOIN budget.shape s ON s.tenant_id = u.tenant_id AND s.shape_id = u.shape_id
     WHERE u.tenant_id = tenant AND u.record_id = (args ->> 'id')::uuid
       AND (budget.context('key_budget_id') IS NULL OR s.budget_id = ANY (budget.budgets_in_sight(NULL)));
    IF NOT FOUND THEN
        PERFORM budget.fail(404, 'usage_record_not_found', '/id',
            format('There is no usage record %s: GET /api/v1/usage/records lists them.', args ->> 'id'));
    END IF;
    IF asked.raw IS NULL THEN
        RETURN (NULL::integer, budget.usage_record_json(asked), NULL::text);
    END IF;
    RETURN (NULL::integer, concat(left(budget.usage_record_json(asked)::text, -1), ', "raw": ', asked.raw, '}')::json,
        NULL::text);
END $$;
