-- budget verify: counters = openings + records + corrections, held = live holds, and nothing names what is not
-- there. Every kind of damage that is done here by hand is found, with its amount; without damage nothing is.
BEGIN;
SELECT plan(32);
\ir ../harness/ledger.psql
-- A whole proof in slices of n rows: its report.
CREATE FUNCTION pg_temp.verify(n integer DEFAULT 3) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    run constant uuid := budget.verify_begin('00000000-0000-7000-8000-0000000000e1');
    step record;
BEGIN
    FOR i IN 1..1000 LOOP
        SELECT * INTO step FROM budget.verify_step('00000000-0000-7000-8000-0000000000e1', run, n);
        EXIT WHEN step.done;
    END LOOP;
    RETURN pg_temp.call('verify_get', jsonb_build_object('run_id', run));
END $$;
-- "kind field stored proven" of every difference.
CREATE FUNCTION pg_temp.found(n integer DEFAULT 3) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(concat_ws(' ', d ->> 'kind', d ->> 'field', d ->> 'stored', d ->> 'proven'), '; ' ORDER BY p)
      FROM jsonb_array_elements(pg_temp.verify(n) -> 'differences') WITH ORDINALITY AS x (d, p)
$$;
SELECT is(pg_temp.found(), NULL, 'an empty house is in order');

SELECT pg_temp.policy('{"type": "hard_limit", "period": "daily", "cost_limit": 100}') AS daily \gset
SELECT pg_temp.policy('{"type": "warn", "period": "per_session", "token_limit": 100000}') AS session \gset
SELECT pg_temp.policy('{"type": "warn", "period": "rolling", "window_seconds": 3600, "cost_limit": 100}') AS rolling \gset
SELECT count(pg_temp.record(jsonb_build_object('input_tokens', n, 'output_tokens', 1, 'context_id', 'c' || n % 3)))
    FROM generate_series(1, 20) n \g /dev/null
SELECT count(pg_temp.record(jsonb_build_object('input_tokens', n, 'occurred_at',
    clock_timestamp() - make_interval(hours => 3 * n)))) FROM generate_series(1, 10) n \g /dev/null
SELECT pg_temp.record('{"model": "nobody-knows", "input_tokens": 5}') \g /dev/null
SELECT pg_temp.reserve('{"tokens": 100, "context_id": "h", "hold_id": null}') ->> 'id' AS hold \gset
SELECT pg_temp.record(jsonb_build_object('hold_id', :'hold', 'input_tokens', 30, 'output_tokens', 10)) \g /dev/null
SELECT pg_temp.reserve('{"tokens": 10}') ->> 'id' AS over \gset
SELECT pg_temp.record(jsonb_build_object('hold_id', :'over', 'input_tokens', 30, 'is_final', true)) \g /dev/null
SELECT pg_temp.reserve('{"tokens": 10}') ->> 'id' AS released \gset
SELECT pg_temp.act('release', :'released') \g /dev/null
SELECT pg_temp.record(jsonb_build_object('hold_id', :'released', 'input_tokens', 7)) \g /dev/null
SELECT pg_temp.record('{"hold_id": "0190f0e4-7b2a-7c31-8a55-3d2f0c9b1e77", "input_tokens": 2}') \g /dev/null
SELECT is(pg_temp.found(), NULL, 'rule_14_counters_are_openings_and_records_and_held_is_live_holds');
SELECT is(pg_temp.found(100000), NULL, 'in slices of any size');
SELECT is(pg_temp.verify() -> 'checked', '{"records": 35, "corrections": 0, "allocations": 3, "request_keys": 0}'
    || jsonb_build_object('counters', (SELECT count(*) FROM budget.counter WHERE tenant_id = :tenant), 'policy_states',
       (SELECT count(*) FROM budget.policy_state WHERE tenant_id = :tenant)), 'everything was looked at');
SELECT is((pg_temp.verify() ->> 'ok')::boolean, true, 'and it says so');
SELECT pg_temp.call('policy_patch', jsonb_build_object('id', :'daily', 'component', 'rhetor')) \g /dev/null
SELECT count(pg_temp.record(jsonb_build_object('input_tokens', n, 'component', 'rhetor')))
    FROM generate_series(1, 5) n \g /dev/null
SELECT is(pg_temp.found(), NULL, 'a revision opens with what was there');
SELECT is((SELECT sum(x.records) FROM jsonb_to_recordset(pg_temp.verify() -> 'policies') AS x (policy_id text, records bigint) WHERE x.policy_id = :'rolling'),
    40::numeric, 'each policy has its line');

-- corrections
INSERT INTO budget.price_run (tenant_id, run_id, kind, created_by) VALUES (:tenant, budget.uuid_v7(), 'reprice',
    'test');
CREATE TEMP TABLE corrected AS SELECT r.record_id, r.revisions, o.run_id FROM budget.usage_record r, budget.price_run o
    WHERE r.tenant_id = :tenant AND o.tenant_id = :tenant AND r.cost > 0 ORDER BY r.record_id DESC LIMIT 4;
INSERT INTO budget.correction (tenant_id, run_id, record_id, delta_cost, delta_ceiling) SELECT :tenant, run_id,
    record_id, 0.25, 0 FROM corrected;
SELECT is(pg_temp.found(), 'counter cost ' || (SELECT string_agg(concat_ws(' ', budget.decimal(c.spent_cost), budget.decimal(c.spent_cost + 1)), '; counter cost ' ORDER BY c.revision)
    FROM budget.counter c WHERE c.tenant_id = :tenant AND c.period_start >= (SELECT max(period_start) FROM budget.counter m WHERE m.tenant_id = :tenant AND m.revision = c.revision)
    AND c.revision = ANY ((SELECT revisions FROM corrected LIMIT 1)::integer[]) AND c.scope = ''),
        'a correction that was not posted is missed');
UPDATE budget.counter c SET spent_cost = c.spent_cost + 1
    WHERE c.tenant_id = :tenant AND c.scope = ''
        AND c.revision = ANY ((SELECT revisions FROM corrected LIMIT 1)::integer[])
    AND c.period_start >= (SELECT max(period_start) FROM budget.counter m
        WHERE m.tenant_id = :tenant AND m.revision = c.revision);
UPDATE budget.policy_state s SET window_cost = s.window_cost + 1
    WHERE s.tenant_id = :tenant AND s.window_floor IS NOT NULL AND s.scope = '';
SELECT is(pg_temp.found(), NULL, 'one that was is proven');

-- damage
SAVEPOINT whole;
UPDATE budget.counter c SET spent_cost = spent_cost + 0.000000000001 FROM budget.policy p
    WHERE p.tenant_id = c.tenant_id AND p.revision = c.revision AND p.policy_id = :'daily';
SELECT matches(pg_temp.found(), '^counter cost [0-9.]+1 [0-9.]+$', 'a counter that is a trillionth too high');
ROLLBACK TO whole;
UPDATE budget.counter c SET spent_tokens = spent_tokens - 1 FROM budget.policy p
    WHERE p.tenant_id = c.tenant_id AND p.revision = c.revision AND p.policy_id = :'session' AND c.scope = 'c1';
SELECT matches(pg_temp.found(), '^counter tokens \d+ \d+$', 'one session''s tokens');
SELECT is(pg_temp.verify() #>> '{differences,0,drift}', '-1', 'with the drift');
SELECT is(pg_temp.verify() #>> '{differences,0,scope}', 'c1', 'and whose it is');
SELECT is(pg_temp.verify() #>> '{differences,0,policy_id}', :'session', 'of which policy');
ROLLBACK TO whole;
DELETE FROM budget.counter c USING budget.policy p
    WHERE p.tenant_id = c.tenant_id AND p.revision = c.revision AND p.policy_id = :'session' AND c.scope = 'c1';
SELECT matches(pg_temp.found(), '^counter cost 0 [0-9.]+; counter tokens 0 \d+; counter records 0 7$',
    'a counter that is gone');
ROLLBACK TO whole;
UPDATE budget.counter c SET ceiling_cost = ceiling_cost + 1 FROM budget.policy p
    WHERE p.tenant_id = c.tenant_id AND p.revision = c.revision AND p.policy_id = :'rolling'
    AND c.period_start = (SELECT max(period_start) FROM budget.counter
        WHERE tenant_id = :tenant AND revision = c.revision);
SELECT matches(pg_temp.found(), '^window cost [0-9.]+ [0-9.]+; counter ceiling [0-9.]+ [0-9.]+$',
    'a bucket of a rolling window, and so its sum');
ROLLBACK TO whole;
UPDATE budget.policy_state s SET held_cost = held_cost + 1, held_tokens = held_tokens + 2 FROM budget.policy p
    WHERE p.tenant_id = s.tenant_id AND p.revision = s.revision AND p.policy_id = :'rolling';
SELECT matches(pg_temp.found(), '^held cost 1[.0-9]* [.0-9]+; held tokens 62 60$', 'what is held');
ROLLBACK TO whole;
DELETE FROM budget.policy_state s USING budget.policy p
    WHERE p.tenant_id = s.tenant_id AND p.revision = s.revision AND p.policy_id = :'rolling';
SELECT matches(pg_temp.found(), '^held cost 0 [.0-9]+; held tokens 0 60$', 'a state that is gone');
ROLLBACK TO whole;
UPDATE budget.hold SET used_tokens = used_tokens + 1 WHERE hold_id = :'hold';
SELECT matches(pg_temp.found(), '^hold used_tokens 41 40', 'a hold''s use');
ROLLBACK TO whole;
UPDATE budget.hold SET overage_cost = 0 WHERE hold_id = :'over';
SELECT matches(pg_temp.found(), '^hold overage_cost 0 0\.\d+$', 'its overage');
ROLLBACK TO whole;
UPDATE budget.hold SET left_cost = 5 WHERE hold_id = :'released';
SELECT matches(pg_temp.found(), '^hold left_cost 5 0$', 'what a resolved one has left');
ROLLBACK TO whole;
UPDATE budget.hold SET state = 'live' WHERE hold_id = :'released';
SELECT matches(pg_temp.found(), '^hold left_tokens 0 10; hold left_cost 0 [.0-9]+; hold resolved_at 1 0$',
    'one that came back to life');
ROLLBACK TO whole;
DELETE FROM budget.hold WHERE hold_id = :'over';
SELECT matches(pg_temp.found(), '^record hold_id$', 'a record whose hold is gone');
ROLLBACK TO whole;
UPDATE budget.usage_record SET shape_id = 99999 WHERE hold_id = :'over';
SELECT matches(pg_temp.found(), '^record shape_id$', 'or whose shape');
ROLLBACK TO whole;
UPDATE budget.usage_record SET revisions = revisions || 99999 WHERE hold_id = :'over';
SELECT matches(pg_temp.found(), '^record revisions$', 'or whose policy revision');
ROLLBACK TO whole;
UPDATE budget.usage_record SET pricing_id = budget.uuid_v7() WHERE hold_id = :'over';
SELECT matches(pg_temp.found(), '^record pricing_id$', 'or whose price');
ROLLBACK TO whole;
UPDATE budget.usage_record SET input_tokens = input_tokens + 1 WHERE hold_id = :'over';
SELECT matches(pg_temp.found(), '^record total_tokens 30 31$', 'one that does not add up');
ROLLBACK TO whole;
INSERT INTO budget.request_key (tenant_id, verb, key_hash, body_hash, entity_id) VALUES (:tenant, 'reserve',
    decode(repeat('ab', 16), 'hex'), '', budget.uuid_v7());
SELECT matches(pg_temp.found(), '^key entity_id$', 'a key that answers for nothing');
ROLLBACK TO whole;
DELETE FROM budget.price_run WHERE tenant_id = :tenant;
SELECT matches(pg_temp.found(100), '^correction run_id$', 'a correction without its run');
ROLLBACK TO whole;
UPDATE budget.hold SET shape_id = 99999, budget_id = budget.uuid_v7() WHERE hold_id = :'over';
SELECT is(pg_temp.found(), 'hold shape_id; hold budget_id', 'a hold that names what is not there');
ROLLBACK TO whole;
SELECT is(pg_temp.found(), NULL, 'and without damage nothing is found');
SELECT is(pg_temp.refusal('verify_get', '{"run_id": "0190f0e4-7b2a-7c31-8a55-3d2f0c9b1e77"}'),
    '404 verify_run_not_found /run_id', 'an unknown run is 404');
SELECT * FROM finish();
ROLLBACK;
