-- POST /alerts/check {budget_id?, period?}: raises what the counters say is crossed and has not alerted yet, for
-- instance after a limit was lowered. Asking again raises nothing. Answers the new alerts, as Tekton does.
-- Locks: policy_state rows in key order, so that it and the ledger judge a rolling window one after the other.
CREATE OR REPLACE FUNCTION budget.alert_check(tenant uuid, context jsonb, args jsonb) RETURNS budget.reply
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, budget, pg_temp AS $$
DECLARE
    state  record;
    rule   budget.policy;
    seen   uuid[];
    starts timestamptz;
    ends   timestamptz;
    raised uuid[] := '{}';
    reply  budget.reply;
BEGIN
    PERFORM budget.enter(tenant, context);
    seen := budget.budgets_in_sight((args ->> 'budget_id')::uuid);
    FOR state IN
        SELECT s.revision, s.scope, r.period, r.time_zone, r.week_start, r.month_reset_day, r.window_seconds
          FROM budget.policy_state s
          JOIN budget.policy_revision r ON r.tenant_id = s.tenant_id AND r.revision = s.revision
          JOIN budget.policy p ON p.tenant_id = s.tenant_id AND p.revision = s.revision AND p.enabled
              AND p.type <> 'ignore'
         WHERE s.tenant_id = tenant AND (args ->> 'period' IS NULL OR r.period = args ->> 'period')
           AND (r.period NOT IN ('per_session', 'per_task') OR s.touched_at > now() - interval '1 hour')
           AND p.budget_id = ANY (seen)
         ORDER BY s.revision, s.scope FOR NO KEY UPDATE OF s
    LOOP
        SELECT p.* INTO rule FROM budget.policy p WHERE p.tenant_id = tenant AND p.revision = state.revision;
        SELECT b.period_start, b.period_end INTO starts, ends FROM budget.period_bounds(state.period, state.time_zone,
            state.week_start, state.month_reset_day, state.window_seconds, clock_timestamp()) AS b;
        CONTINUE WHEN state.period IN ('per_session', 'per_task') AND budget.alert_knows_scope(rule, state.scope);
        raised := raised || budget.alert_cross(tenant, state.revision, state.scope, starts, ends,
            -1, budget.alert_used(rule, state.scope, starts, 'cost'),
            -1, budget.alert_used(rule, state.scope, starts, 'tokens')::bigint);
    END LOOP;
    SELECT 200, coalesce(json_agg(budget.alert_json(a) ORDER BY a.alert_id), '[]'), NULL INTO reply
      FROM budget.alert a WHERE a.tenant_id = tenant AND a.alert_id = ANY (raised);
    RETURN reply;
END $$;

-- Has this session or task alerted under the present limit? When more than five crossed within an hour the rest are not
-- named, so then the answer is yes for all of that hour.
CREATE OR REPLACE FUNCTION budget.alert_knows_scope(rule budget.policy, scope text) RETURNS boolean
LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT FROM budget.alert a
        WHERE a.tenant_id = rule.tenant_id AND a.policy_id = rule.policy_id AND a.limit_version = rule.limit_version
          AND (a.details -> 'examples' @> jsonb_build_array(jsonb_build_object('scope', scope))
               OR (a.period_end > now() AND jsonb_array_length(a.details -> 'examples') >= 5)))
$$;
