-- Last part: every counter as it stood at the run's snapshot against opening + records + corrections, by policy
-- revision, scope and period. Counters of unknown revisions are noted as well. What is left behind of the run is its
-- differences.
CREATE OR REPLACE FUNCTION budget.verify_counters(run budget.verify_run, OUT rows bigint, OUT after text)
    LANGUAGE plpgsql AS $$
BEGIN
    SELECT count(*) INTO rows FROM budget.verify_sum s WHERE s.tenant_id = run.tenant_id AND s.run_id = run.run_id;
    PERFORM budget.verify_note(run, 'counter', w.field, NULL, 'the counter is not opening + records + corrections',
        w.stored, w.proven,
                               s.revision, s.scope, s.period_start)
       FROM budget.verify_sum s
      CROSS JOIN LATERAL (VALUES ('cost', s.stored_cost, s.cost), ('tokens', s.stored_tokens, s.tokens),
          ('ceiling', s.stored_ceiling, s.ceiling),
            ('records', s.stored_records, s.records)) AS w (field, stored, proven)
      WHERE s.tenant_id = run.tenant_id AND s.run_id = run.run_id AND w.stored <> w.proven
        AND NOT (s.stored_records <= s.records AND budget.counter_is_forgotten(run.tenant_id, s.revision, s.scope,
            s.period_start, s.stored_records = 0 AND s.stored_cost = 0 AND s.stored_tokens = 0
            AND s.stored_ceiling = 0, run.started_at));
    PERFORM budget.verify_note(run, 'counter', 'revision', NULL, 'the policy revision does not exist', NULL, NULL,
        s.revision, s.scope, s.period_start)
       FROM budget.verify_sum s
      WHERE s.tenant_id = run.tenant_id AND s.run_id = run.run_id
        AND NOT EXISTS (SELECT FROM budget.policy_revision r
            WHERE r.tenant_id = run.tenant_id AND r.revision = s.revision);
    DELETE FROM budget.verify_hold h WHERE h.tenant_id = run.tenant_id AND h.run_id = run.run_id;
    after := NULL;
END $$;
