-- What a proof has found so far: counts, one line per policy, the differences with what they are about.
-- args: run_id, limit (of differences).
CREATE OR REPLACE FUNCTION budget.verify_get(tenant uuid, context jsonb, args jsonb) RETURNS budget.reply
    LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, budget, pg_temp AS $$
DECLARE
    run budget.verify_run;
BEGIN
    PERFORM budget.enter(tenant, context);
    SELECT * INTO run FROM budget.verify_run v WHERE v.tenant_id = tenant AND v.run_id = (args ->> 'run_id')::uuid;
    IF run.run_id IS NULL THEN
        PERFORM budget.fail(404, 'verify_run_not_found', '/run_id',
            'There is no such run: begin again without run_id.');
    END IF;
    RETURN ROW(NULL, json_build_object('run_id', run.run_id, 'is_complete', run.part = 'done',
        'ok', CASE WHEN run.part = 'done' THEN run.differences = 0 END, 'part', run.part,
        'as_of', budget.utc(run.started_at), 'ended_at', budget.utc(run.ended_at),
        'checked', json_build_object('policy_states', run.states, 'counters', run.counters, 'records', run.records,
            'corrections', run.corrections, 'allocations', run.holds, 'request_keys', run.request_keys),
        'policies', CASE WHEN run.part = 'done' THEN budget.verify_policies_json(run) ELSE '[]' END,
        'differences_total', run.differences,
        'differences', budget.verify_differences_json(run, coalesce((args ->> 'limit')::integer, 1000))),
            NULL)::budget.reply;
END $$;

CREATE OR REPLACE FUNCTION budget.verify_differences_json(run budget.verify_run, size integer) RETURNS json
    LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN coalesce((SELECT json_agg(json_build_object('kind', d.kind, 'field', d.field, 'policy_id', r.policy_id,
        'budget_id', r.budget_id,
            'period', r.period, 'revision', d.revision, 'scope', d.scope,
            'period_start', CASE WHEN isfinite(d.period_start) THEN budget.utc(d.period_start) END, 'entity_id',
                d.entity_id,
            'stored', budget.decimal(d.stored), 'proven', budget.decimal(d.proven), 'drift',
                budget.decimal(d.stored - d.proven),
            'detail', d.detail, 'repaired_at', budget.utc(d.repaired_at)) ORDER BY d.n)
        FROM (SELECT * FROM budget.verify_difference o WHERE o.tenant_id = run.tenant_id AND o.run_id = run.run_id
            ORDER BY o.n LIMIT size) d
        LEFT JOIN budget.policy_revision r ON r.tenant_id = d.tenant_id AND r.revision = d.revision), '[]');
END $$;

-- One line per policy and revision that has counted or held anything: what was proven of it. At most 1,000.
CREATE OR REPLACE FUNCTION budget.verify_policies_json(run budget.verify_run) RETURNS json LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN coalesce((SELECT json_agg(json_build_object('policy_id', r.policy_id, 'budget_id', r.budget_id, 'budget',
        b.name, 'period', r.period,
            'revision', r.revision, 'is_current', r.closed_at IS NULL, 'counters', s.counters, 'records', s.records,
                'cost', budget.decimal(s.cost),
            'ceiling_cost', budget.decimal(s.ceiling), 'tokens', s.tokens, 'differences', coalesce(d.count, 0))
                ORDER BY r.revision)
        FROM (SELECT o.revision, count(*) AS counters, sum(o.records) AS records, sum(o.cost) AS cost,
            sum(o.ceiling) AS ceiling, sum(o.tokens) AS tokens
                FROM budget.verify_sum o WHERE o.tenant_id = run.tenant_id AND o.run_id = run.run_id GROUP BY 1
                    ORDER BY 1 DESC LIMIT 1000) s
        JOIN budget.policy_revision r ON r.tenant_id = run.tenant_id AND r.revision = s.revision
        JOIN budget.budget b ON b.tenant_id = run.tenant_id AND b.budget_id = r.budget_id
        LEFT JOIN (SELECT v.revision, count(*) FROM budget.verify_difference v
            WHERE v.tenant_id = run.tenant_id AND v.run_id = run.run_id GROUP BY 1) d
          ON d.revision = s.revision), '[]');
END $$;
