-- GET /alerts {budget_id, policy_id, severity, type, level, acknowledged, resolved, start_date, end_date, page, limit,
-- cursor}: newest first. A budget means it and all below it. Alerts about the system have no budget.
CREATE OR REPLACE FUNCTION budget.alert_list(tenant uuid, context jsonb, args jsonb) RETURNS budget.reply
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, budget, pg_temp AS $$
DECLARE
    size    integer := coalesce((args ->> 'limit')::integer, 50);
    page    integer := coalesce((args ->> 'page')::integer, 1);
    last_id uuid;
    seen    uuid[];
    rows    json[];
    found   bigint;
BEGIN
    PERFORM budget.enter(tenant, context);
    seen := budget.budgets_in_sight((args ->> 'budget_id')::uuid);
    last_id := (budget.cursor_decode(args ->> 'cursor', 1))[1]::uuid;
    SELECT count(*) INTO found FROM (SELECT FROM budget.alerts_found(args, seen) LIMIT 10001) AS counted;
    rows := ARRAY(SELECT budget.alert_json(a) FROM budget.alerts_found(args, seen) AS a
                   WHERE last_id IS NULL OR a.alert_id < last_id ORDER BY a.alert_id DESC
                   LIMIT size + 1 OFFSET CASE WHEN last_id IS NULL THEN (page - 1) * size::bigint ELSE 0 END);
    RETURN (NULL::integer, json_build_object('items', to_json(rows[:size]),
        'total', CASE WHEN found <= 10000 THEN found END, 'page', page, 'limit', size,
        'next_cursor', CASE WHEN cardinality(rows) > size THEN budget.cursor_encode(rows[size] ->> 'alert_id') END),
        NULL::text);
END $$;

-- The alerts a set of filters names, among those of the budgets given.
CREATE OR REPLACE FUNCTION budget.alerts_found(args jsonb, seen uuid[]) RETURNS SETOF budget.alert
LANGUAGE sql STABLE AS $$
    SELECT a.* FROM budget.alert a, budget.zone_in_sight((args ->> 'budget_id')::uuid) AS b
     WHERE a.tenant_id = budget.tenant()
       AND (a.budget_id = ANY (seen) OR (a.budget_id IS NULL AND args ->> 'budget_id' IS NULL
           AND budget.context('key_budget_id') IS NULL))
       AND (args ->> 'policy_id' IS NULL OR a.policy_id = (args ->> 'policy_id')::uuid)
       AND (args ->> 'severity' IS NULL OR a.severity = args ->> 'severity')
       AND (args ->> 'type' IS NULL OR a.type = args ->> 'type')
       AND (args ->> 'level' IS NULL OR a.level = args ->> 'level')
       AND (args ->> 'acknowledged' IS NULL OR (a.acknowledged_at IS NOT NULL) = (args ->> 'acknowledged')::boolean)
       AND (args ->> 'resolved' IS NULL OR budget.alert_is_resolved(a) = (args ->> 'resolved')::boolean)
       AND (args ->> 'start_date' IS NULL
            OR a.created_at >= budget.range_bound(args ->> 'start_date', b.time_zone, false))
       AND (args ->> 'end_date' IS NULL OR a.created_at < budget.range_bound(args ->> 'end_date', b.time_zone, true))
$$;
