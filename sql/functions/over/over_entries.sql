-- What may have lifted a policy above its limit, newest first: the stack that over_by_causes() reads.

-- Everything but the records: limits that came down, approvals that ended (or still hold), corrections upwards, and what
-- the policy found there when it began to count.
CREATE OR REPLACE FUNCTION budget.over_entries(item budget.policy, p_scope text, starts timestamptz, ends timestamptz,
    p_at timestamptz) RETURNS budget.over_entry[] LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN ARRAY(SELECT ROW(e.at, e.cause, e.cost, e.tokens)::budget.over_entry FROM (
        SELECT * FROM budget.over_limits(item, starts)
        UNION ALL
        SELECT CASE WHEN a.valid_until > p_at THEN 'infinity' ELSE a.valid_until END,
            CASE WHEN a.valid_until > p_at THEN 'approved' ELSE 'approval_expired' END,
            coalesce(a.cost, 0), coalesce(a.tokens, 0)
        FROM budget.approval a
        WHERE a.tenant_id = item.tenant_id AND a.policy_id = item.policy_id AND a.state = 'granted'
          AND a.valid_from <= p_at AND a.valid_until > starts AND (a.scope = '' OR p_scope IN ('', a.scope))
        UNION ALL
        SELECT max(c.created_at), 'correction', sum(c.delta_cost + c.delta_ceiling), 0
        FROM budget.correction c
        JOIN budget.usage_record u ON u.tenant_id = c.tenant_id AND u.record_id = c.record_id
        WHERE c.tenant_id = item.tenant_id AND c.record_id >= budget.record_floor(starts)
          AND item.revision = ANY (u.revisions) AND u.charged_at >= starts AND u.charged_at < ends
          AND budget.scope_of(item.period, u.context_id, u.task_id) = p_scope
        GROUP BY c.record_id HAVING sum(c.delta_cost + c.delta_ceiling) > 0
        UNION ALL
        SELECT r.opened_at, 'policy_new', sum(c.opening_cost + c.opening_ceiling), sum(c.opening_tokens)::bigint
        FROM budget.policy_revision r
        JOIN budget.counter c ON c.tenant_id = r.tenant_id AND c.revision = r.revision AND c.scope = p_scope
            AND c.period_start >= starts AND c.period_start < ends
        WHERE r.tenant_id = item.tenant_id AND r.revision = item.revision GROUP BY r.opened_at) e
        ORDER BY e.at DESC);
END $$;

-- Limits that came down since the period began: each by what no later limit reached again. A policy that refused
-- nothing had none.
CREATE OR REPLACE FUNCTION budget.over_limits(item budget.policy, starts timestamptz)
RETURNS TABLE (at timestamptz, cause text, cost numeric, tokens bigint) LANGUAGE plpgsql STABLE AS $$
DECLARE
    endless constant numeric := 1e30;
BEGIN
    RETURN QUERY
    WITH limits AS (
        SELECT l.since, CASE WHEN l.type IN ('hard_limit', 'soft_limit') THEN coalesce(l.cost_limit, endless)
                ELSE endless END AS cost,
            CASE WHEN l.type IN ('hard_limit', 'soft_limit') THEN coalesce(l.token_limit::numeric, endless)
                ELSE endless END AS tokens
        FROM budget.policy_limit l WHERE l.tenant_id = item.tenant_id AND l.policy_id = item.policy_id),
    steps AS (
        SELECT l.since, lag(l.cost) OVER w AS cost_was, lag(l.tokens) OVER w AS tokens_were,
            max(l.cost) OVER (w ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) AS cost_since,
            max(l.tokens) OVER (w ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) AS tokens_since
        FROM limits l WINDOW w AS (ORDER BY l.since))
    SELECT s.since, 'limit_lowered', greatest(s.cost_was - s.cost_since, 0),
        least(greatest(s.tokens_were - s.tokens_since, 0), 9e18)::bigint
    FROM steps s WHERE s.since > starts AND (s.cost_was > s.cost_since OR s.tokens_were > s.tokens_since);
END $$;

-- The records of a policy's period that no hold on it covered, newest first, each with what was not covered. A hold or a
-- slice covers its record only where it was held: a record that other policies count than its hold is unheld there.
-- Looks at the newest records_max of the tenant's records at most. Inlines, so that a reader that has enough stops it.
-- slices: those that stand on the policy, NULL = none; has_corrections: some may correct these records.
CREATE OR REPLACE FUNCTION budget.over_records(p_tenant uuid, p_revision integer, p_period text, p_scope text,
    starts timestamptz, ends timestamptz, slices uuid[], has_corrections boolean, records_max integer)
RETURNS TABLE (at timestamptz, cause text, cost numeric, tokens bigint) LANGUAGE sql STABLE AS $$
    SELECT u.received_at, CASE WHEN u.cause NOT IN ('held', 'overage') THEN u.cause
            WHEN h.is_here OR s.cost IS NOT NULL THEN 'overage' ELSE 'unheld' END,
        coalesce(u.cost, u.ceiling_cost, 0) + coalesce(least(c.delta, 0), 0)
            - CASE WHEN h.is_here THEN u.consumed_cost ELSE 0 END - coalesce(s.cost, 0),
        u.total_tokens - CASE WHEN h.is_here THEN u.consumed_tokens ELSE 0 END - coalesce(s.tokens, 0)
    FROM (SELECT r.* FROM budget.usage_record r
          WHERE r.tenant_id = p_tenant AND r.record_id >= budget.record_floor(starts)
          ORDER BY r.tenant_id DESC, r.record_id DESC LIMIT records_max) u
    LEFT JOIN LATERAL (SELECT p_revision = ANY (x.revisions) AS is_here FROM budget.hold x
        WHERE u.cause IN ('held', 'overage') AND x.tenant_id = u.tenant_id AND x.hold_id = u.hold_id LIMIT 1) h ON true
    LEFT JOIN LATERAL (SELECT sum(x.cost) AS cost, sum(x.tokens)::bigint AS tokens FROM budget.slice_use x
        WHERE slices IS NOT NULL AND x.tenant_id = u.tenant_id AND x.hold_id = ANY (slices)
          AND x.record_id = u.record_id) s ON true
    LEFT JOIN LATERAL (SELECT sum(x.delta_cost + x.delta_ceiling) AS delta FROM budget.correction x
        WHERE has_corrections AND x.tenant_id = u.tenant_id AND x.record_id = u.record_id) c ON true
    WHERE p_revision = ANY (u.revisions) AND u.charged_at >= starts AND u.charged_at < ends
      AND budget.scope_of(p_period, u.context_id, u.task_id) = p_scope
$$;

-- Slices that stand, or stood, on a policy as it counts now; NULL = none.
CREATE OR REPLACE FUNCTION budget.over_slices(item budget.policy) RETURNS uuid[] LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN nullif(ARRAY(SELECT h.hold_id FROM (
            SELECT p.slice_hold_id FROM budget.policy p
            WHERE p.tenant_id = item.tenant_id AND p.slice_hold_id IS NOT NULL
            UNION SELECT b.slice_hold_id FROM budget.budget b
            WHERE b.tenant_id = item.tenant_id AND b.slice_hold_id IS NOT NULL) s
        JOIN budget.hold h ON h.tenant_id = item.tenant_id AND h.hold_id = s.slice_hold_id
        WHERE item.revision = ANY (h.revisions)), '{}');
END $$;

-- A limit as it is from now on, for the history that over_limits() reads. Written with every edit of it.
CREATE OR REPLACE FUNCTION budget.policy_limit_note(item budget.policy) RETURNS void LANGUAGE sql AS $$
    INSERT INTO budget.policy_limit (tenant_id, policy_id, since, type, cost_limit, token_limit)
    VALUES (item.tenant_id, item.policy_id, clock_timestamp(), item.type, item.cost_limit, item.token_limit)
$$;
