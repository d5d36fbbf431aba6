-- GET /approvals: newest first.
CREATE OR REPLACE FUNCTION budget.approval_list(tenant uuid, context jsonb, args jsonb) RETURNS budget.reply
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, budget, pg_temp AS $$
DECLARE
    per_page constant integer := coalesce((args ->> 'limit')::integer, 50);
    page constant integer := coalesce((args ->> 'page')::integer, 1);
    below constant uuid := (budget.cursor_decode(args ->> 'cursor', 1))[1]::uuid;
    at constant timestamptz := clock_timestamp();
    total bigint;
    ids uuid[];
BEGIN
    PERFORM budget.enter(tenant, context);
    WITH matching AS MATERIALIZED (
        SELECT a.approval_id FROM budget.approval a
        JOIN budget.policy p ON p.tenant_id = a.tenant_id AND p.policy_id = a.policy_id
        WHERE a.tenant_id = budget.tenant()
          AND (args ->> 'policy_id' IS NULL OR a.policy_id = (args ->> 'policy_id')::uuid)
          AND (args ->> 'budget_id' IS NULL OR p.budget_id = (args ->> 'budget_id')::uuid)
          AND (args ->> 'context_id' IS NULL OR a.scope = args ->> 'context_id')
          AND (args ->> 'state' IS NULL
               OR CASE WHEN a.state <> 'denied' AND a.valid_until <= at THEN 'expired'
                   ELSE a.state END = args ->> 'state'))
    SELECT (SELECT nullif(count(*), 10001) FROM (SELECT FROM matching LIMIT 10001) c),
           ARRAY(SELECT m.approval_id FROM matching m WHERE below IS NULL OR m.approval_id < below
               ORDER BY m.approval_id DESC
                 LIMIT per_page OFFSET CASE WHEN below IS NULL THEN (page - 1)::bigint * per_page ELSE 0 END)
      INTO total, ids;
    RETURN ROW(NULL, json_build_object(
        'items', (SELECT coalesce(json_agg(budget.approval_json(a) ORDER BY a.approval_id DESC), '[]')
        FROM budget.approval a
                  WHERE a.tenant_id = budget.tenant() AND a.approval_id = ANY (ids)),
        'total', total, 'page', page, 'limit', per_page,
        'next_cursor', CASE WHEN cardinality(ids) = per_page THEN budget.cursor_encode(ids[per_page]::text) END),
        NULL)::budget.reply;
END $$;
