-- The WHERE clause of a read over usage_record u, made of the filters that are there and nothing else, so that the
-- planner sees the question that is really asked. Its parameters: $1 tenant, $2 args, $3 shapes, $4 start, $5 end
-- (exclusive). Names come from this list only; values only by parameter.
CREATE OR REPLACE FUNCTION budget.usage_where(args jsonb, shapes integer[], starts timestamptz, ends timestamptz)
RETURNS text LANGUAGE sql STABLE AS $$
    SELECT 'u.tenant_id = $1'
        || CASE WHEN shapes IS NULL THEN '' ELSE ' AND u.shape_id = ANY ($3)' END
        || CASE WHEN starts IS NULL THEN '' ELSE ' AND u.charged_at >= $4 AND u.record_id >= budget.ids_from($4)' END
        || CASE WHEN ends IS NULL THEN '' ELSE ' AND u.charged_at < $5' END
        || CASE WHEN args ->> 'allocation_id' IS NULL THEN ''
                ELSE ' AND u.hold_id = ($2 ->> ''allocation_id'')::uuid' END
        || coalesce((SELECT string_agg(format(' AND u.%I = $2 ->> %L', name, name), '')
               FROM unnest(ARRAY['context_id', 'task_id', 'user_id', 'operation_id', 'request_id', 'cause']) AS name
              WHERE args ->> name IS NOT NULL), '')
        || coalesce(CASE (args ->> 'priced')::boolean WHEN true THEN ' AND ' WHEN false THEN ' AND NOT ' END
               || '(u.cost IS NOT NULL OR budget.usage_is_repriced(u.tenant_id, u.record_id))', '')
$$;

-- Has a correction given an unpriced record its price (and no later one taken it back)?
CREATE OR REPLACE FUNCTION budget.usage_is_repriced(tenant uuid, id uuid) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT coalesce((SELECT c.pricing_id IS NOT NULL FROM budget.correction c
                      WHERE c.tenant_id = tenant AND c.record_id = id
                      ORDER BY c.created_at DESC, c.run_id DESC LIMIT 1), false)
$$;

-- Shapes that the filters on what a request was (budget and below, provider, model, tier, component, task_type; without
-- case) leave over. NULL = all of the tenant's, no need to ask.
CREATE OR REPLACE FUNCTION budget.usage_shapes(args jsonb) RETURNS integer[] LANGUAGE plpgsql STABLE AS $$
DECLARE
    seen uuid[] := budget.budgets_in_sight((args ->> 'budget_id')::uuid);
BEGIN
    RETURN (SELECT CASE WHEN bool_and(is_in) THEN NULL ELSE coalesce(array_agg(shape_id) FILTER (WHERE is_in), '{}') END
        FROM (
        SELECT s.shape_id, (s.budget_id = ANY (seen)
               AND (args ->> 'provider' IS NULL OR lower(s.provider) = lower(args ->> 'provider'))
               AND (args ->> 'model' IS NULL OR lower(s.model) = lower(args ->> 'model'))
               AND (args ->> 'tier' IS NULL OR s.tier = args ->> 'tier')
               AND (args ->> 'component' IS NULL OR lower(s.component) = lower(args ->> 'component'))
               AND (args ->> 'task_type' IS NULL OR lower(s.task_type) = lower(args ->> 'task_type'))) IS TRUE AS is_in
          FROM budget.shape s WHERE s.tenant_id = budget.tenant()) AS every);
END $$;
