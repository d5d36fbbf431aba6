-- Begins a proof: takes the snapshot everything is proven as of, with the counters as they stand in it, and proves
-- at once what one statement can: held = live holds, and the sums of rolling windows. Returns the run.
-- Writes: verify_*.  Locks: recalculate (shared), so that no repair is half inside the snapshot.
CREATE OR REPLACE FUNCTION budget.verify_begin(p_tenant uuid) RETURNS uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, budget, pg_temp AS $$
DECLARE
    run constant uuid := budget.uuid_v7();
    at timestamptz;
    found_states bigint;
BEGIN
    PERFORM budget.enter(p_tenant, '{"actor": "verify", "role": "system"}');
    PERFORM pg_advisory_xact_lock_shared(budget.verify_key(p_tenant));
    PERFORM budget.verify_sweep(p_tenant);
    at := clock_timestamp();
    WITH made AS (
        INSERT INTO budget.verify_run (tenant_id, run_id, snapshot, started_at, touched_at, part)
        VALUES (p_tenant, run, pg_current_snapshot(), at, at, 'records')),
    counted AS (
        INSERT INTO budget.verify_sum (tenant_id, run_id, revision, scope, period_start, stored_cost, stored_tokens,
            stored_ceiling,
            stored_records, cost, tokens, ceiling)
        SELECT p_tenant, run, c.revision, c.scope, c.period_start, c.spent_cost, c.spent_tokens, c.ceiling_cost,
            c.records,
            c.opening_cost, c.opening_tokens, c.opening_ceiling
          FROM budget.counter c WHERE c.tenant_id = p_tenant),
    live AS (
        SELECT r.revision, budget.scope_of(r.period, h.context_id, h.task_id) AS scope, sum(h.left_cost) AS cost,
            sum(h.left_tokens) AS tokens
          FROM budget.hold h CROSS JOIN LATERAL unnest(h.revisions) AS held (revision)
          JOIN budget.policy_revision r ON r.tenant_id = p_tenant AND r.revision = held.revision
         WHERE h.tenant_id = p_tenant AND h.state = 'live' GROUP BY 1, 2),
    windows AS (
        SELECT s.revision, s.scope, sum(c.spent_cost + c.ceiling_cost) AS cost, sum(c.spent_tokens) AS tokens
          FROM budget.policy_state s JOIN budget.counter c ON c.tenant_id = p_tenant AND c.revision = s.revision
              AND c.scope = s.scope
               AND c.period_start >= s.window_floor
         WHERE s.tenant_id = p_tenant GROUP BY 1, 2),
    wrong AS (
        SELECT w.kind, w.field, w.revision, w.scope, w.stored, w.proven
          FROM (SELECT * FROM budget.policy_state st WHERE st.tenant_id = p_tenant) s
          FULL JOIN live l ON l.revision = s.revision AND l.scope = s.scope
          LEFT JOIN windows b ON b.revision = s.revision AND b.scope = s.scope
          LEFT JOIN budget.policy_revision r ON r.tenant_id = p_tenant AND r.revision = s.revision
               AND r.period = 'rolling'
         CROSS JOIN LATERAL (VALUES
            ('held', 'cost', coalesce(s.revision, l.revision), coalesce(s.scope, l.scope), coalesce(s.held_cost, 0),
                coalesce(l.cost, 0)),
            ('held', 'tokens', coalesce(s.revision, l.revision), coalesce(s.scope, l.scope),
                coalesce(s.held_tokens, 0), coalesce(l.tokens, 0)),
            ('window', 'cost', s.revision, s.scope, s.window_cost, coalesce(b.cost, 0)),
            ('window', 'tokens', s.revision, s.scope, s.window_tokens, coalesce(b.tokens, 0)))
            AS w (kind, field, revision, scope, stored, proven)
         WHERE w.stored <> w.proven AND (w.kind = 'held' OR r.revision IS NOT NULL)),
    kept AS (
        INSERT INTO budget.verify_difference (tenant_id, run_id, n, kind, field, revision, scope, stored, proven,
            detail)
        SELECT p_tenant, run, row_number() OVER (ORDER BY w.revision, w.scope, w.kind, w.field), w.kind, w.field,
            w.revision, w.scope,
            w.stored, w.proven, CASE w.kind WHEN 'held' THEN 'what the policy holds is not the sum of its live holds'
                                            ELSE 'the sum of the window is not that of its buckets' END
          FROM wrong w)
    SELECT count(*) INTO found_states FROM budget.policy_state s WHERE s.tenant_id = p_tenant;
    UPDATE budget.verify_run v SET states = found_states,
        differences = (SELECT count(*) FROM budget.verify_difference d WHERE d.tenant_id = p_tenant AND d.run_id = run)
     WHERE v.tenant_id = p_tenant AND v.run_id = run;
    RETURN run;
END $$;

-- Key of the lock that keeps proofs and repairs apart: begin takes it shared, budget.recalculate() exclusive.
CREATE OR REPLACE FUNCTION budget.verify_key(tenant uuid) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT uuid_hash_extended(tenant, 3)
$$;

-- Forgets finished runs after a day, and unfinished ones that nobody has touched for an hour.
CREATE OR REPLACE FUNCTION budget.verify_sweep(p_tenant uuid) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    old constant uuid[] := ARRAY(SELECT v.run_id FROM budget.verify_run v WHERE v.tenant_id = p_tenant
        AND v.touched_at < clock_timestamp() - CASE v.part WHEN 'done' THEN interval '1 day'
            ELSE interval '1 hour' END);
BEGIN
    IF cardinality(old) > 0 THEN
        DELETE FROM budget.verify_sum s WHERE s.tenant_id = p_tenant AND s.run_id = ANY (old);
        DELETE FROM budget.verify_hold h WHERE h.tenant_id = p_tenant AND h.run_id = ANY (old);
        DELETE FROM budget.verify_difference d WHERE d.tenant_id = p_tenant AND d.run_id = ANY (old);
        DELETE FROM budget.verify_run v WHERE v.tenant_id = p_tenant AND v.run_id = ANY (old);
    END IF;
END $$;

-- Whether a snapshot taken earlier saw what this transaction id wrote; what our own transaction wrote before it, it
-- saw too. Inlines.
CREATE OR REPLACE FUNCTION budget.verify_saw(snapshot pg_snapshot, xid xid8) RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT pg_visible_in_snapshot(xid, snapshot) OR xid = pg_current_xact_id_if_assigned()
$$;
