-- Repairs what a finished proof found: counters, what policies hold, window sums. The drift comes from one snapshot,
-- so it commutes with everything that was counted later: it is taken out of what stands there now, under the short
-- lock, and nothing is summed up meanwhile (but the at most 301 buckets of a rolling window).
-- args: run_id, period (NULL = all), policy_id (NULL = all), dry_run, reason.  At most 500 differences a call:
-- `left` says how many wait. What is no counter (a hold's use, a reference that leads nowhere) is only reported.
-- Writes: price_run (kind recalculate), policy_state, counter, alert, outbox, audit_log.
-- Lock order: verify_key -> epoch (shared) -> policy_state by (revision, scope) -> counter.
CREATE OR REPLACE FUNCTION budget.recalculate(tenant uuid, context jsonb, args jsonb) RETURNS budget.reply
    LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, budget, pg_temp AS $$
DECLARE
    run budget.verify_run;
    is_dry constant boolean := coalesce((args ->> 'dry_run')::boolean, false);
    wanted bigint[];
    left_over bigint;
BEGIN
    PERFORM budget.enter(tenant, context);
    PERFORM pg_advisory_xact_lock(budget.verify_key(tenant));
    SELECT * INTO run FROM budget.verify_run v
        WHERE v.tenant_id = tenant AND v.run_id = (args ->> 'run_id')::uuid FOR UPDATE;
    IF run.run_id IS NULL OR run.part <> 'done' THEN
        PERFORM budget.fail(404, 'verify_run_not_found', '/run_id',
            'There is no finished proof of this id: begin again without run_id.');
    ELSIF EXISTS (SELECT FROM budget.price_run o
        WHERE o.tenant_id = tenant AND o.kind = 'recalculate' AND o.created_at >= run.started_at
                  AND o.run_id <> run.run_id) THEN
        PERFORM budget.fail(409, 'recalculated_meanwhile', '/run_id',
            'Another recalculation has repaired since this proof was begun: begin again without run_id.');
    END IF;
    wanted := ARRAY(SELECT d.n FROM budget.verify_difference d
        JOIN budget.policy_revision r ON r.tenant_id = tenant AND r.revision = d.revision
        WHERE d.tenant_id = tenant AND d.run_id = run.run_id AND d.kind IN ('counter', 'held', 'window')
            AND d.stored IS NOT NULL
          AND d.repaired_at IS NULL AND r.period = coalesce(args ->> 'period', r.period)
          AND r.policy_id = coalesce((args ->> 'policy_id')::uuid, r.policy_id)
        ORDER BY d.revision, d.scope, d.n);
    IF NOT is_dry AND cardinality(wanted) > 0 THEN
        PERFORM budget.recalculate_repair(run, wanted[:500], coalesce(args ->> 'reason', ''));
    END IF;
    left_over := CASE WHEN is_dry THEN 0 ELSE greatest(cardinality(wanted) - 500, 0) END;
    RETURN ROW(NULL, json_build_object('run_id', run.run_id, 'is_complete', left_over = 0, 'dry_run', is_dry, 'period',
        args ->> 'period',
        'policy_id', args ->> 'policy_id', 'as_of', budget.utc(run.started_at), 'left', left_over,
        'repaired', (SELECT count(*) FROM budget.verify_difference d
            WHERE d.tenant_id = tenant AND d.run_id = run.run_id AND d.repaired_at IS NOT NULL),
        'repairable', CASE WHEN is_dry THEN cardinality(wanted) ELSE left_over END,
        'not_repairable', (SELECT count(*) FROM budget.verify_difference d
            WHERE d.tenant_id = tenant AND d.run_id = run.run_id
                           AND (d.kind NOT IN ('counter', 'held', 'window') OR d.stored IS NULL)),
        'differences', budget.verify_differences_json(run, 1000)), NULL)::budget.reply;
END $$;

CREATE OR REPLACE FUNCTION budget.recalculate_repair(run budget.verify_run, wanted bigint[], reason text) RETURNS void
    LANGUAGE plpgsql AS $$
DECLARE
    at timestamptz;
    item budget.policy;
    undone constant json := (SELECT json_agg(json_build_object('kind', d.kind, 'field', d.field, 'revision',
        d.revision, 'scope', d.scope,
        'period_start', budget.utc(nullif(d.period_start, '-infinity')), 'drift', budget.decimal(d.stored - d.proven))
            ORDER BY d.n)
        FROM budget.verify_difference d
            WHERE d.tenant_id = run.tenant_id AND d.run_id = run.run_id AND d.n = ANY (wanted));
BEGIN
    PERFORM budget.epoch_lock(false);
    INSERT INTO budget.policy_state (tenant_id, revision, scope)
    SELECT DISTINCT run.tenant_id, d.revision, d.scope FROM budget.verify_difference d
     WHERE d.tenant_id = run.tenant_id AND d.run_id = run.run_id AND d.n = ANY (wanted) ORDER BY 2, 3
        ON CONFLICT DO NOTHING;
    PERFORM FROM budget.policy_state s
      WHERE s.tenant_id = run.tenant_id
          AND (s.revision, s.scope) IN (SELECT d.revision, d.scope FROM budget.verify_difference d
            WHERE d.tenant_id = run.tenant_id AND d.run_id = run.run_id AND d.n = ANY (wanted))
      ORDER BY s.revision, s.scope FOR NO KEY UPDATE;
    at := clock_timestamp();
    PERFORM budget.recalculate_counters(run, wanted), budget.recalculate_states(run, wanted);
    INSERT INTO budget.price_run (tenant_id, run_id, kind, reason, created_by, created_at)
    VALUES (run.tenant_id, run.run_id, 'recalculate', reason, coalesce(budget.context('actor'), current_user), at)
        ON CONFLICT DO NOTHING;
    UPDATE budget.verify_difference d SET repaired_at = at
        WHERE d.tenant_id = run.tenant_id AND d.run_id = run.run_id AND d.n = ANY (wanted);
    FOR item IN SELECT p.* FROM budget.policy p WHERE p.tenant_id = run.tenant_id AND p.revision IN (SELECT d.revision
        FROM budget.verify_difference d
            WHERE d.tenant_id = run.tenant_id AND d.run_id = run.run_id AND d.n = ANY (wanted)) ORDER BY p.revision LOOP
        PERFORM budget.policy_alert(item);
    END LOOP;
    PERFORM budget.audit('counter.recalculate', run.run_id::text, NULL,
        json_build_object('reason', reason, 'as_of', budget.utc(run.started_at),
        'repaired', undone)::jsonb);
END $$;

-- Takes the drift out of the counters; a counter that is gone is made with what it lacks.
CREATE OR REPLACE FUNCTION budget.recalculate_counters(run budget.verify_run, wanted bigint[]) RETURNS void
    LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO budget.counter AS k (tenant_id, revision, scope, period_start, spent_cost, spent_tokens, ceiling_cost,
        records)
    SELECT run.tenant_id, d.revision, d.scope, d.period_start,
        coalesce(sum(d.proven - d.stored) FILTER (WHERE d.field = 'cost'), 0),
            coalesce(sum(d.proven - d.stored) FILTER (WHERE d.field = 'tokens'), 0)::bigint,
        coalesce(sum(d.proven - d.stored) FILTER (WHERE d.field = 'ceiling'), 0),
            coalesce(sum(d.proven - d.stored) FILTER (WHERE d.field = 'records'), 0)::bigint
      FROM budget.verify_difference d
     WHERE d.tenant_id = run.tenant_id AND d.run_id = run.run_id AND d.n = ANY (wanted) AND d.kind = 'counter'
     GROUP BY d.revision, d.scope, d.period_start ORDER BY d.revision, d.scope, d.period_start
        ON CONFLICT (tenant_id, revision, scope, period_start) DO UPDATE
       SET spent_cost = k.spent_cost + excluded.spent_cost, spent_tokens = k.spent_tokens + excluded.spent_tokens,
           ceiling_cost = k.ceiling_cost + excluded.ceiling_cost, records = k.records + excluded.records;
END $$;

-- The same for what is held; windows are summed up again, now that their buckets are right.
CREATE OR REPLACE FUNCTION budget.recalculate_states(run budget.verify_run, wanted bigint[]) RETURNS void
    LANGUAGE plpgsql AS $$
BEGIN
    UPDATE budget.policy_state s
       SET held_cost = s.held_cost + w.cost, held_tokens = s.held_tokens + w.tokens
      FROM (SELECT d.revision, d.scope, coalesce(sum(d.proven - d.stored) FILTER (WHERE d.field = 'cost'), 0) AS cost,
                   coalesce(sum(d.proven - d.stored) FILTER (WHERE d.field = 'tokens'), 0)::bigint AS tokens
              FROM budget.verify_difference d
             WHERE d.tenant_id = run.tenant_id AND d.run_id = run.run_id AND d.n = ANY (wanted) AND d.kind = 'held'
                 GROUP BY 1, 2) w
     WHERE s.tenant_id = run.tenant_id AND s.revision = w.revision AND s.scope = w.scope;
    UPDATE budget.policy_state s SET window_cost = w.cost, window_tokens = w.tokens
      FROM (SELECT o.revision, o.scope, coalesce(sum(c.spent_cost + c.ceiling_cost), 0) AS cost,
          coalesce(sum(c.spent_tokens), 0)::bigint AS tokens
              FROM budget.policy_state o
              JOIN budget.policy_revision r ON r.tenant_id = run.tenant_id AND r.revision = o.revision
                  AND r.period = 'rolling'
              LEFT JOIN budget.counter c ON c.tenant_id = run.tenant_id AND c.revision = o.revision
                  AND c.scope = o.scope
                   AND c.period_start >= o.window_floor
             WHERE o.tenant_id = run.tenant_id
                 AND (o.revision, o.scope) IN (SELECT d.revision, d.scope FROM budget.verify_difference d
                   WHERE d.tenant_id = run.tenant_id AND d.run_id = run.run_id AND d.n = ANY (wanted))
             GROUP BY 1, 2) w
     WHERE s.tenant_id = run.tenant_id AND s.revision = w.revision AND s.scope = w.scope;
END $$;
