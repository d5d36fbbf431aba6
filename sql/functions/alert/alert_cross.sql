-- Reads: policy, counter (rolling).  Writes: alert, outbox, by alert_raise.
-- Called in the transaction that moved a counter, after the counter, with what was spent before and after (priced spend
-- plus unpriced at its ceiling): raises one alert per level and unit crossed on the way up. Levels: warning and action
-- threshold, and the limit itself. A limit of 0 has the last one only, crossed by the first amount above 0.
-- before = -1 asks for every level that stands at or below `after` (POST /alerts/check): what has alerted stays as it
-- is. Policies of type ignore, disabled ones and revisions that are no longer current raise none.
-- Returns the ids of the new alerts.
CREATE OR REPLACE FUNCTION budget.alert_cross(tenant uuid, revision integer, scope text, period_start timestamptz,
    period_end timestamptz, spent_before numeric, spent_after numeric, tokens_before bigint, tokens_after bigint)
RETURNS uuid[] LANGUAGE plpgsql AS $$
DECLARE
    rule    budget.policy;
    crossed record;
    raised  uuid;
    result  uuid[] := '{}';
BEGIN
    SELECT p.* INTO rule FROM budget.policy p
     WHERE p.tenant_id = tenant AND p.revision = alert_cross.revision AND p.enabled AND p.type <> 'ignore';
    FOR crossed IN
        SELECT u.unit, l.level, l.share, u.after FROM (VALUES
            ('cost', rule.cost_limit, spent_before, spent_after),
            ('tokens', rule.token_limit::numeric, tokens_before::numeric, tokens_after::numeric))
                AS u (unit, size, before, after),
            (VALUES (1, 'warning', rule.warning_threshold), (2, 'action', rule.action_threshold), (3, 'limit', 1))
                AS l (rank, level, share)
         WHERE CASE WHEN u.size > 0 THEN u.before < l.share * u.size AND u.after >= l.share * u.size
                    ELSE u.size = 0 AND l.level = 'limit' AND u.before <= 0 AND u.after > 0 END
         ORDER BY u.unit, l.rank
    LOOP
        raised := budget.alert_raise_level(rule, scope, period_start, period_end, crossed.level, crossed.unit,
            crossed.share, crossed.after);
        result := result || raised;
    END LOOP;
    RETURN array_remove(result, NULL);
END $$;

-- One level of one policy, by the kind of its period: calendar periods alert once per period; rolling windows have no
-- start, so the crossing is the start, and they alert again only after use fell below 0.9 of the threshold; sessions
-- and tasks are grouped by the hour. Late entries alert for the period before this one, never for older ones.
CREATE OR REPLACE FUNCTION budget.alert_raise_level(rule budget.policy, scope text, period_start timestamptz,
    period_end timestamptz, level text, unit text, share numeric, used numeric) RETURNS uuid LANGUAGE plpgsql AS $$
DECLARE
    at timestamptz := clock_timestamp();
BEGIN
    IF rule.period = 'rolling' THEN
        IF NOT budget.alert_is_rearmed(rule, scope, level, unit, share) THEN
            RETURN NULL;
        END IF;
        RETURN budget.alert_raise(budget.alert_draft(rule, scope, at, at + make_interval(secs => rule.window_seconds),
            level, unit, share, used));
    ELSIF rule.period IN ('per_session', 'per_task') THEN
        at := date_trunc('hour', at, 'UTC');
        RETURN budget.alert_raise_grouped(
            budget.alert_draft(rule, '', at, at + interval '1 hour', level, unit, share, used), scope);
    ELSIF period_end <= at AND at >= (SELECT (budget.period_bounds(r.period, r.time_zone, r.week_start,
              r.month_reset_day, r.window_seconds, alert_raise_level.period_end)).period_end
              FROM budget.policy_revision r
             WHERE r.tenant_id = rule.tenant_id AND r.revision = rule.revision) THEN
        RETURN NULL;
    END IF;
    RETURN budget.alert_raise(budget.alert_draft(rule, scope, period_start, period_end, level, unit, share, used));
END $$;

-- Has use of a rolling window been below 0.9 × threshold since its last alert? Its lowest points lie just before a
-- bucket begins to fill: the sum of the buckets of one window before it, and before now.
CREATE OR REPLACE FUNCTION budget.alert_is_rearmed(rule budget.policy, scope text, level text, unit text, share numeric)
RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    alerted_at timestamptz := (SELECT max(a.period_start) FROM budget.alert a
         WHERE a.tenant_id = rule.tenant_id AND a.policy_id = rule.policy_id AND a.level = alert_is_rearmed.level
           AND a.unit = alert_is_rearmed.unit AND a.limit_version = rule.limit_version AND a.scope_group = '');
    lowest     numeric;
BEGIN
    IF alerted_at IS NULL THEN
        RETURN true;
    END IF;
    SELECT min(coalesce(used, 0)) INTO lowest FROM (
        SELECT c.period_start, sum(CASE unit WHEN 'cost' THEN c.spent_cost + c.ceiling_cost ELSE c.spent_tokens END)
                   OVER (ORDER BY c.period_start RANGE BETWEEN make_interval(secs => rule.window_seconds) PRECEDING
                             AND CURRENT ROW EXCLUDE CURRENT ROW) AS used
          FROM budget.counter c
         WHERE c.tenant_id = rule.tenant_id AND c.revision = rule.revision AND c.scope = alert_is_rearmed.scope
           AND c.period_start > alerted_at - make_interval(secs => 2 * rule.window_seconds)) AS low
     WHERE low.period_start > alerted_at;
    RETURN coalesce(lowest < 0.9 * share * CASE unit WHEN 'cost' THEN rule.cost_limit ELSE rule.token_limit END, false);
END $$;
