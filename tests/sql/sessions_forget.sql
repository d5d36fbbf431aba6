-- Idle sessions and buckets long fallen out of their window are forgotten; the books stay in order (ledger F34, F35).
BEGIN;
SELECT plan(19);
\ir ../harness/ledger.psql
CREATE FUNCTION pg_temp.found() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    run constant uuid := budget.verify_begin('00000000-0000-7000-8000-0000000000e1');
    step record;
BEGIN
    FOR i IN 1..1000 LOOP
        SELECT * INTO step FROM budget.verify_step('00000000-0000-7000-8000-0000000000e1', run, 100);
        EXIT WHEN step.done;
    END LOOP;
    RETURN (SELECT string_agg(concat_ws(' ', d ->> 'kind', d ->> 'field', d ->> 'stored', d ->> 'proven'), '; ')
        FROM jsonb_array_elements(pg_temp.call('verify_get', jsonb_build_object('run_id', run)) -> 'differences') d);
END $$;
CREATE FUNCTION pg_temp.forget(batch integer DEFAULT 100, dry_run boolean DEFAULT false) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    gone constant bigint := budget.sessions_forget(batch, dry_run);
BEGIN
    PERFORM budget.enter('00000000-0000-7000-8000-0000000000e1');
    RETURN gone;
END $$;
-- A session's "spent held", '-' when it is forgotten.
CREATE FUNCTION pg_temp.session(wanted text) RETURNS text LANGUAGE sql AS $$
    SELECT coalesce((SELECT concat_ws(' ', trim_scale(c.spent_cost), trim_scale(s.held_cost))
    FROM budget.policy_state s
        LEFT JOIN budget.counter c USING (tenant_id, revision, scope)
        WHERE s.tenant_id = budget.tenant() AND s.scope = wanted), '-')
$$;
SELECT pg_temp.policy('{"type": "hard_limit", "period": "per_session", "cost_limit": 3}') AS session \gset
SELECT count(pg_temp.record(jsonb_build_object('input_tokens', 100, 'context_id', 's' || n % 4)))
    FROM generate_series(1, 12) n \g /dev/null
SELECT pg_temp.reserve('{"context_id": "s3", "cost": 1}') \g /dev/null
SELECT is(pg_temp.forget(), 0::bigint, 'sessions in use stay');
UPDATE budget.policy_state SET touched_at = now() - interval '89 days' WHERE scope = 's0';
UPDATE budget.policy_state SET touched_at = now() - interval '91 days' WHERE scope IN ('s1', 's2', 's3');
SELECT is(pg_temp.forget(100, true), 2::bigint, 'a dry run counts what is due');
SELECT is(pg_temp.forget(1), 1::bigint, 'a batch is a batch');
SELECT is(pg_temp.forget(), 1::bigint, 'the rest with the next');
SELECT is(pg_temp.session('s0') || ', ' || pg_temp.session('s1') || ', ' || pg_temp.session('s2') || ', '
    || pg_temp.session('s3'), '0.3 0, -, -, 0.3 1', 'idle for 90 days and nothing held: forgotten');
SELECT is(pg_temp.forget(), 0::bigint, 'once');
SELECT is(pg_temp.found(), NULL, 'the books are in order: what is forgotten is no difference');
SELECT is((SELECT count(*) FROM budget.usage_record WHERE tenant_id = :tenant AND context_id = 's1'), 3::bigint,
    'records stay');

-- A session that returns starts anew. Its old records are older than the idle time.
SELECT budget.partitions_make(0, false, now() - interval '100 days') \g /dev/null
UPDATE budget.usage_record SET record_id = budget.uuid_v7(now() - interval '95 days'), charged_at = now()
    - interval '95 days' WHERE tenant_id = :tenant AND context_id = 's1';
SELECT is(pg_temp.record('{"context_id": "s1", "input_tokens": 50}') ->> 'status', '201', 'it comes back');
SELECT is(pg_temp.session('s1'), '0.05 0', 'from nothing');
SELECT is(pg_temp.found(), NULL, 'in order');
UPDATE budget.counter SET spent_cost = spent_cost - 0.1 WHERE scope = 's0';
SELECT is(pg_temp.found(), 'counter cost 0.2 0.3', 'damage of a session that was not forgotten is found');
UPDATE budget.counter SET spent_cost = spent_cost + 0.1 WHERE scope = 's0';

-- Buckets.
SELECT pg_temp.policy('{"type": "hard_limit", "period": "rolling", "window_seconds": 3600, "cost_limit": 10}') AS rolling \gset
SELECT count(pg_temp.record(jsonb_build_object('input_tokens', 10, 'occurred_at',
    clock_timestamp() - make_interval(hours => 3 * n)))) FROM generate_series(0, 10) n \g /dev/null
SELECT is((SELECT count(*) FROM budget.counter c JOIN budget.policy p USING (tenant_id, revision)
    WHERE p.policy_id = :'rolling'),
    11::bigint, 'eleven buckets');
SELECT is(pg_temp.found(), NULL, 'in order');
SELECT is(pg_temp.forget(), 2::bigint, 'those of more than a day before the window go');
SELECT is((SELECT trim_scale(window_cost) FROM budget.policy_state s JOIN budget.policy p USING (tenant_id, revision)
    WHERE p.policy_id = :'rolling'), 0.96, 'the window is what it was');
SELECT is(pg_temp.found(), NULL, 'the books are in order');
UPDATE budget.policy_state s SET window_floor = now() - interval '20 days' FROM budget.policy p
    WHERE p.policy_id = :'rolling' AND s.tenant_id = p.tenant_id AND s.revision = p.revision;
SELECT is(pg_temp.forget(), 0::bigint, 'buckets that the window was not moved past stay');
SELECT is(pg_temp.forget(100, true), 0::bigint, 'in a dry run as well');
SELECT * FROM finish();
ROLLBACK;
