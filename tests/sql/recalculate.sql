-- budget recalculate: takes the drift that a proof found out of counters, held and windows; once, audited, whatever
-- is counted in between.
BEGIN;
SELECT plan(19);
\ir ../harness/ledger.psql
CREATE FUNCTION pg_temp.prove() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    run constant uuid := budget.verify_begin('00000000-0000-7000-8000-0000000000e1');
BEGIN
    WHILE NOT (SELECT s.done FROM budget.verify_step('00000000-0000-7000-8000-0000000000e1', run, 7) s) LOOP END LOOP;
    RETURN run;
END $$;
CREATE FUNCTION pg_temp.drifts() RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(concat_ws(' ', d ->> 'kind', d ->> 'field', d ->> 'drift'), '; ' ORDER BY p)
      FROM jsonb_array_elements(pg_temp.call('verify_get',
          jsonb_build_object('run_id', pg_temp.prove())) -> 'differences') WITH ORDINALITY AS x (d, p)
$$;
CREATE FUNCTION pg_temp.repair(run text, args jsonb DEFAULT '{}') RETURNS jsonb LANGUAGE sql AS $$
    SELECT pg_temp.call('recalculate', args || jsonb_build_object('run_id', run))
$$;
SELECT pg_temp.policy('{"type": "hard_limit", "period": "daily", "cost_limit": 100}') AS daily \gset
SELECT pg_temp.policy('{"type": "warn", "period": "monthly", "cost_limit": 1000}') AS monthly \gset
SELECT pg_temp.policy('{"type": "warn", "period": "rolling", "window_seconds": 3600, "cost_limit": 100}') AS rolling \gset
SELECT count(pg_temp.record(jsonb_build_object('input_tokens', n))) FROM generate_series(1, 10) n \g /dev/null
SELECT pg_temp.reserve('{"tokens": 100}') ->> 'id' AS hold \gset
SELECT is(pg_temp.drifts(), NULL, 'in order');

UPDATE budget.counter c SET spent_cost = spent_cost - 5, records = records + 1 FROM budget.policy p
    WHERE p.tenant_id = c.tenant_id AND p.revision = c.revision AND p.policy_id IN (:'daily', :'rolling');
UPDATE budget.policy_state s SET held_cost = held_cost + 7, held_tokens = held_tokens + 70 FROM budget.policy p
    WHERE p.tenant_id = s.tenant_id AND p.revision = s.revision AND p.policy_id = :'daily';
DELETE FROM budget.counter c USING budget.policy p
    WHERE p.tenant_id = c.tenant_id AND p.revision = c.revision AND p.policy_id = :'monthly';
SELECT pg_temp.prove() AS run \gset
SELECT is(pg_temp.drifts(), 'held cost 7; held tokens 70; window cost 5; counter cost -5; counter records 1; counter cost -0.055; counter tokens -55; '
    'counter records -10; counter cost -5; counter records 1', 'damaged');

SELECT is(pg_temp.repair(:'run', '{"dry_run": true}') ->> 'repairable', '10', 'a dry run says what it would repair');
SELECT is(pg_temp.repair(:'run', '{"dry_run": true, "period": "monthly"}') ->> 'repairable', '3', 'of one period');
SELECT is(pg_temp.repair(:'run', jsonb_build_object('dry_run', true, 'policy_id', :'rolling')) ->> 'repairable', '3',
    'or one policy');
SELECT isnt(pg_temp.drifts(), NULL, 'and changes nothing');

-- what is counted between proof and repair stays counted
SELECT count(pg_temp.record(jsonb_build_object('input_tokens', 1000 * n))) FROM generate_series(1, 3) n \g /dev/null
SELECT pg_temp.record(jsonb_build_object('hold_id', :'hold', 'input_tokens', 30)) \g /dev/null
SELECT is((pg_temp.repair(:'run', '{"period": "monthly", "reason": "a test"}') - 'differences') - 'as_of',
    jsonb_build_object('run_id', :'run', 'is_complete', true, 'dry_run', false, 'period', 'monthly', 'policy_id', NULL,
        'left', 0, 'repaired', 3,
        'repairable', 0, 'not_repairable', 0), 'one period is repaired');
SELECT is(pg_temp.repair(:'run') ->> 'repaired', '10', 'then the rest, by the same proof');
SELECT is(pg_temp.drifts(), NULL, 'and all is in order, with what came meanwhile');
SELECT is(pg_temp.repair(:'run') ->> 'repaired', '10', 'a repeat repairs nothing more');
SELECT is(pg_temp.drifts(), NULL, 'so nothing is taken out twice');
SELECT is((SELECT budget.decimal(s.held_cost) || ' ' || s.held_tokens
    FROM budget.policy_state s JOIN budget.policy p ON p.tenant_id = s.tenant_id
    AND p.revision = s.revision WHERE p.policy_id = :'daily'), '0.17 70', 'held is what the live hold has left');

-- on paper
SELECT is((SELECT string_agg(concat_ws(' ', o.kind, o.reason, o.created_by), '; ') FROM budget.price_run o
    WHERE o.tenant_id = :tenant),
    'recalculate a test tester', 'the run is on record');
SELECT is((SELECT count(*)::int FROM budget.audit_log a
    WHERE a.tenant_id = :tenant AND a.action = 'counter.recalculate'), 2, 'each repair is in the audit log');
SELECT is((SELECT jsonb_array_length(a.after -> 'repaired') FROM budget.audit_log a
    WHERE a.tenant_id = :tenant AND a.action = 'counter.recalculate'
    ORDER BY a.audit_id LIMIT 1), 3, 'with what it changed');

-- a proof older than another repair does not count
SELECT pg_temp.prove() AS first \gset
UPDATE budget.counter c SET spent_tokens = spent_tokens + 9 FROM budget.policy p
    WHERE p.tenant_id = c.tenant_id AND p.revision = c.revision AND p.policy_id = :'daily';
SELECT pg_temp.prove() AS one \gset
SELECT pg_temp.prove() AS two \gset
SELECT is(pg_temp.repair(:'one') ->> 'repaired', '1', 'one of two proofs of the same drift');
SELECT is(pg_temp.refusal('recalculate', jsonb_build_object('run_id', :'two')), '409 recalculated_meanwhile /run_id',
    'the other is refused: it would take it out again');
SELECT is(pg_temp.drifts(), NULL, 'and is not needed');
SELECT is(pg_temp.refusal('recalculate', jsonb_build_object('run_id', budget.verify_begin(:tenant))),
    '404 verify_run_not_found /run_id', 'an unfinished proof repairs nothing');
SELECT * FROM finish();
ROLLBACK;
