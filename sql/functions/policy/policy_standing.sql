-- Where policies stand at an instant: one row per revision, or per scope for per_session and per_task (the 20 that used
-- most). One statement, so counters and holds come from one snapshot. Held leaves out holds past their expiry that no
-- sweep has resolved yet: they count for nothing from that instant. A period without rows is all zeros.
--   resets_at   when the period ends; rolling: when the oldest usage in the window falls out; NULL = never
CREATE OR REPLACE FUNCTION budget.policy_standing(wanted integer[], at timestamptz)
RETURNS TABLE (revision integer, scope text, period_start timestamptz, period_end timestamptz, resets_at timestamptz,
    spent_cost numeric, ceiling_cost numeric, spent_tokens bigint, held_cost numeric, held_tokens bigint,
        active_holds bigint,
    approved_cost numeric, approved_tokens bigint) LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    WITH meaning AS MATERIALIZED (
        SELECT r.revision, r.period, r.window_seconds, p.type, b.period_end,
            CASE r.period WHEN 'rolling' THEN budget.period_window_floor(r.window_seconds, at)
                ELSE b.period_start END AS period_start
        FROM budget.policy_revision r
        JOIN budget.policy p ON p.tenant_id = r.tenant_id AND p.policy_id = r.policy_id
        CROSS JOIN LATERAL budget.period_bounds(r.period, r.time_zone, r.week_start, r.month_reset_day,
            r.window_seconds, at) b
        WHERE r.tenant_id = budget.tenant() AND r.revision = ANY (wanted)),
    spent AS MATERIALIZED (
        SELECT m.revision, c.scope, sum(c.spent_cost) AS cost, sum(c.ceiling_cost) AS ceiling,
            sum(c.spent_tokens)::bigint AS tokens,
            min(c.period_start) FILTER (WHERE c.spent_cost + c.ceiling_cost > 0 OR c.spent_tokens > 0) AS oldest
        FROM meaning m JOIN budget.counter c ON c.tenant_id = budget.tenant() AND c.revision = m.revision
            AND c.period_start >= m.period_start AND (m.period = 'rolling' OR c.period_start = m.period_start)
        GROUP BY m.revision, c.scope),
    live AS MATERIALIZED (
        SELECT m.revision, budget.scope_of(m.period, h.context_id, h.task_id) AS scope,
            count(*) FILTER (WHERE h.expires_at > at) AS holds,
            coalesce(sum(h.left_cost) FILTER (WHERE h.expires_at <= at), 0) AS expired_cost,
            coalesce(sum(h.left_tokens) FILTER (WHERE h.expires_at <= at), 0)::bigint AS expired_tokens
        FROM budget.hold h CROSS JOIN LATERAL unnest(h.revisions) AS r (revision) JOIN meaning m ON m.revision = r.revision
        WHERE h.tenant_id = budget.tenant() AND h.state = 'live' GROUP BY 1, 2),
    place AS (
        SELECT m.revision, '' AS scope FROM meaning m WHERE m.period NOT IN ('per_session', 'per_task')
        UNION ALL
        SELECT ranked.revision, ranked.scope FROM (
            SELECT m.revision, k.scope, row_number() OVER (PARTITION BY m.revision
                ORDER BY s.cost + s.ceiling DESC NULLS LAST, s.tokens DESC NULLS LAST, k.scope) AS rank
            FROM meaning m
            JOIN (SELECT s.revision, s.scope FROM spent s UNION SELECT l.revision, l.scope
                FROM live l) k ON k.revision = m.revision
            LEFT JOIN spent s ON s.revision = k.revision AND s.scope = k.scope
            WHERE m.period IN ('per_session', 'per_task')) ranked
        WHERE ranked.rank <= 20)
    SELECT m.revision, w.scope, m.period_start, m.period_end,
        CASE WHEN m.period = 'rolling' THEN s.oldest
                 + make_interval(secs => m.window_seconds + budget.period_bucket_seconds(m.window_seconds))
             WHEN isfinite(m.period_end) THEN m.period_end END,
        coalesce(s.cost, 0), coalesce(s.ceiling, 0), coalesce(s.tokens, 0),
        greatest(coalesce(st.held_cost, 0) - coalesce(l.expired_cost, 0), 0),
            greatest(coalesce(st.held_tokens, 0) - coalesce(l.expired_tokens, 0), 0),
        coalesce(l.holds, 0), coalesce(a.cost, 0), coalesce(a.tokens, 0)
    FROM meaning m
    JOIN place w ON w.revision = m.revision
    LEFT JOIN spent s ON s.revision = w.revision AND s.scope = w.scope
    LEFT JOIN live l ON l.revision = w.revision AND l.scope = w.scope
    LEFT JOIN budget.policy_state st ON st.tenant_id = budget.tenant() AND st.revision = w.revision
        AND st.scope = w.scope
    LEFT JOIN LATERAL budget.approval_headroom(m.revision, w.scope, at) a ON m.type = 'soft_limit'
    ORDER BY m.revision, w.scope;
END $$;
