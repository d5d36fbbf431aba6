-- Books corrections: one row a record, and what they add up to on the counters their records are counted in: those of
-- the policies the record was posted to, in the period it was charged in; and what a policy in force found there when
-- it opened (a new policy, an edited one) moves by the same amount, or its limit would go on counting the old cost.
-- Never refused: a correction upwards may pass a limit, one downwards frees headroom at once. What it crosses in the
-- current period raises an alert; a past period raises none.
-- Slices that the records were taken from move with them (slices_correct).
-- Writes: hold and slice_use (slices), correction, policy_state (windows, held), counter, alert, outbox.
-- Lock order: epoch (shared) -> hold by id -> correction by record (nobody else writes those of this run, and the
-- ledger's rows are locked for a shorter time) -> policy_state by (revision, scope) -> counter -> alert, outbox.
CREATE OR REPLACE FUNCTION budget.reprice_post(run budget.price_run, items budget.reprice_item[]) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    postings budget.reprice_posting[];
    slices record;
BEGIN
    PERFORM budget.epoch_lock(false);
    postings := budget.reprice_postings(run.tenant_id, items);
    SELECT * INTO slices FROM budget.slices_correct(run.tenant_id, items);
    INSERT INTO budget.correction (tenant_id, run_id, record_id, delta_cost, delta_ceiling, pricing_id)
    SELECT run.tenant_id, run.run_id, i.record_id, i.delta_cost, i.delta_ceiling, i.pricing_id
    FROM unnest(items) i ORDER BY i.record_id;
    INSERT INTO budget.policy_state (tenant_id, revision, scope)
    SELECT DISTINCT run.tenant_id, p.revision, p.scope FROM unnest(postings) p
    WHERE NOT EXISTS (SELECT FROM budget.policy_state s WHERE s.tenant_id = run.tenant_id AND s.revision = p.revision
        AND s.scope = p.scope) ORDER BY 2, 3 ON CONFLICT DO NOTHING;
    PERFORM FROM (SELECT p.revision, p.scope FROM unnest(postings) p UNION SELECT s, '' FROM unnest(slices.revisions) s
                  ORDER BY 1, 2) AS w
        CROSS JOIN LATERAL (SELECT FROM budget.policy_state x WHERE x.tenant_id = run.tenant_id
            AND x.revision = w.revision AND x.scope = w.scope FOR NO KEY UPDATE) AS locked;
    UPDATE budget.policy_state s SET window_cost = s.window_cost + w.cost
    FROM (SELECT p.revision, p.scope, sum(p.cost + p.ceiling) AS cost FROM unnest(postings) p
          JOIN budget.policy_revision r ON r.tenant_id = run.tenant_id AND r.revision = p.revision
              AND r.period = 'rolling'
          JOIN budget.policy_state o ON o.tenant_id = run.tenant_id AND o.revision = p.revision AND o.scope = p.scope
              AND p.period_start >= o.window_floor GROUP BY 1, 2) AS w
    WHERE s.tenant_id = run.tenant_id AND s.revision = w.revision AND s.scope = w.scope;
    UPDATE budget.policy_state s SET held_cost = s.held_cost - w.cost
    FROM (SELECT m.revision, sum(m.cost) AS cost FROM unnest(slices.revisions, slices.costs) AS m (revision, cost)
          GROUP BY m.revision) AS w
    WHERE s.tenant_id = run.tenant_id AND s.revision = w.revision AND s.scope = '';
    INSERT INTO budget.counter AS k (tenant_id, revision, scope, period_start, spent_cost, ceiling_cost, opening_cost,
        opening_ceiling)
    SELECT run.tenant_id, p.revision, p.scope, p.period_start, p.cost, p.ceiling, p.opening_cost, p.opening_ceiling
    FROM unnest(postings) p ORDER BY p.revision, p.scope, p.period_start
    ON CONFLICT (tenant_id, revision, scope, period_start) DO UPDATE
    SET spent_cost = k.spent_cost + excluded.spent_cost, ceiling_cost = k.ceiling_cost + excluded.ceiling_cost,
        opening_cost = k.opening_cost + excluded.opening_cost,
        opening_ceiling = k.opening_ceiling + excluded.opening_ceiling;
    PERFORM budget.reprice_alert(run.tenant_id, postings);
END $$;

-- What the items add to each counter, by (revision, scope, period).
CREATE OR REPLACE FUNCTION budget.reprice_postings(p_tenant uuid, items budget.reprice_item[])
RETURNS budget.reprice_posting[] LANGUAGE plpgsql STABLE AS $$
DECLARE
    at constant timestamptz := clock_timestamp();
BEGIN
    RETURN ARRAY(
        WITH opened AS MATERIALIZED ( -- policies in force that may have found these records when they opened
            SELECT s.shape_id, r.revision, CASE r.period WHEN 'rolling'
                THEN budget.period_window_floor(r.window_seconds, r.opened_at) ELSE (budget.period_bounds(r.period,
                r.time_zone, r.week_start, r.month_reset_day, r.window_seconds, r.opened_at)).period_start END AS since
            FROM budget.shape s
            JOIN budget.budget b ON b.tenant_id = s.tenant_id AND b.budget_id = s.budget_id
            JOIN budget.policy_revision r ON r.tenant_id = s.tenant_id AND r.closed_at IS NULL
            WHERE s.tenant_id = p_tenant AND s.shape_id IN (SELECT i.shape_id FROM unnest(items) i)
              AND budget.policy_matches(r, s, b.path)),
        aimed AS (
            SELECT p.revision, false AS is_opening, i.* FROM unnest(items) i
            CROSS JOIN LATERAL unnest(i.revisions) AS p (revision)
            UNION ALL
            SELECT o.revision, true, i.* FROM unnest(items) i JOIN opened o ON o.shape_id = i.shape_id
            WHERE i.charged_at >= o.since AND NOT o.revision = ANY (i.revisions)),
        placed AS (
            SELECT a.revision, budget.scope_of(r.period, a.context_id, a.task_id) AS scope, b.period_start,
                CASE r.period WHEN 'rolling' THEN a.charged_at >= budget.period_window_floor(r.window_seconds, at)
                    ELSE at >= b.period_start AND at < b.period_end END AS is_current,
                a.is_opening, a.delta_cost, a.delta_ceiling
            FROM aimed a
            JOIN budget.policy_revision r ON r.tenant_id = p_tenant AND r.revision = a.revision
            CROSS JOIN LATERAL budget.period_bounds(r.period, r.time_zone, r.week_start, r.month_reset_day,
                r.window_seconds, a.charged_at) b)
        SELECT ROW(p.revision, p.scope, p.period_start, bool_or(p.is_current), sum(p.delta_cost), sum(p.delta_ceiling),
            coalesce(sum(p.delta_cost) FILTER (WHERE p.is_opening), 0),
            coalesce(sum(p.delta_ceiling) FILTER (WHERE p.is_opening), 0))::budget.reprice_posting
        FROM placed p GROUP BY p.revision, p.scope, p.period_start ORDER BY p.revision, p.scope, p.period_start);
END $$;

-- Alerts for what corrections upwards crossed in the current period or window.
CREATE OR REPLACE FUNCTION budget.reprice_alert(p_tenant uuid, postings budget.reprice_posting[]) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    moved record;
    after numeric;
BEGIN
    FOR moved IN
        SELECT l AS rule, p.scope, b.period_start, b.period_end, p.cost
        FROM (SELECT q.revision, q.scope, sum(q.cost + q.ceiling) AS cost FROM unnest(postings) q WHERE q.is_current
              GROUP BY q.revision, q.scope HAVING sum(q.cost + q.ceiling) > 0) AS p
        JOIN budget.policy l ON l.tenant_id = p_tenant AND l.revision = p.revision AND l.enabled AND l.type <> 'ignore'
        JOIN budget.policy_revision r ON r.tenant_id = p_tenant AND r.revision = p.revision
        CROSS JOIN LATERAL budget.period_bounds(r.period, r.time_zone, r.week_start, r.month_reset_day,
            r.window_seconds, clock_timestamp()) b
        ORDER BY p.revision, p.scope
    LOOP
        after := budget.alert_used(moved.rule, moved.scope, moved.period_start, 'cost');
        PERFORM budget.alert_cross(p_tenant, (moved.rule).revision, moved.scope, moved.period_start, moved.period_end,
            after - moved.cost, after, 0, 0);
    END LOOP;
END $$;
