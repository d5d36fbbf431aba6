-- The holds that the group's records mean, and what they say of them: a record without budget, component or task type
-- has those of its hold. So records of one shape on holds of one kind share a shape. All holds in one look-up; unlocked:
-- what is read here of a hold never changes.
--   places: by n, the place of the item's shape among `shapes`, which are p_shapes with hold_* added
--   holds:  by n, the hold, if there is one
CREATE OR REPLACE FUNCTION budget.ledger_refs(p_tenant uuid, p_items json, p_shapes json, OUT shapes json,
    OUT places integer[], OUT holds uuid[]) LANGUAGE plpgsql STABLE AS $$
BEGIN
    WITH item AS MATERIALIZED (
        SELECT i.n, i.s, h.hold_id, h.budget_id, x.component, x.task_type, CASE WHEN i.s IS NOT NULL THEN
               dense_rank() OVER (ORDER BY i.s, h.budget_id, x.component, x.task_type)::integer END AS place
          FROM json_to_recordset(p_items) AS i (n integer, s integer, verb text, hold_id uuid,
               context_id text)
         CROSS JOIN LATERAL (SELECT CASE WHEN i.verb <> 'record' THEN NULL WHEN i.hold_id IS NOT NULL THEN i.hold_id
               WHEN i.context_id IS NOT NULL THEN budget.ledger_hold_in(p_tenant, i.context_id,
                   p_shapes -> (i.s - 1) ->> 'component') END AS hold_id OFFSET 0) named
          LEFT JOIN LATERAL (SELECT y.hold_id, y.budget_id, y.shape_id FROM budget.hold y -- LIMIT: always by key
                WHERE y.tenant_id = p_tenant AND y.hold_id = named.hold_id LIMIT 1) h ON true
          LEFT JOIN LATERAL (SELECT y.component, y.task_type FROM budget.shape y
                WHERE y.tenant_id = p_tenant AND y.shape_id = h.shape_id LIMIT 1) x ON true)
    SELECT (SELECT array_agg(item.place ORDER BY item.n) FROM item),
           (SELECT array_agg(item.hold_id ORDER BY item.n) FROM item),
           (SELECT json_agg(budget.json_with(p_shapes -> (d.s - 1), json_build_object('hold_budget_id', d.budget_id,
                'hold_component', d.component, 'hold_task_type', d.task_type)) ORDER BY d.place)
              FROM (SELECT DISTINCT ON (item.place) item.* FROM item WHERE item.s IS NOT NULL ORDER BY item.place) d)
      INTO places, holds, shapes;
END $$;

-- The oldest live hold of a context, of this component or of any when either does not say.
CREATE OR REPLACE FUNCTION budget.ledger_hold_in(p_tenant uuid, p_context text, p_component text) RETURNS uuid
    LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (SELECT h.hold_id FROM budget.hold h
              JOIN budget.shape s ON s.tenant_id = p_tenant AND s.shape_id = h.shape_id
             WHERE h.tenant_id = p_tenant AND h.context_id = p_context AND h.state = 'live' AND h.kind <> 'slice'
               AND h.expires_at > clock_timestamp()
               AND (p_component IS NULL OR s.component IS NULL OR s.component = p_component)
             ORDER BY h.hold_id LIMIT 1);
END $$;

-- More members behind those of a JSON object.
CREATE OR REPLACE FUNCTION budget.json_with(object json, more json) RETURNS json
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT (left(object::text, -1) || ', ' || substr(more::text, 2))::json
$$;
