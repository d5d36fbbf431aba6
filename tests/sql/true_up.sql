-- Rule 3: usage without a price counts at a ceiling, and moves to its cost once a price arrives: one correction each.
BEGIN;
SELECT plan(36);
\ir ../harness/reprice.psql
\set now 'clock_timestamp()'
CREATE FUNCTION pg_temp.true_up() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    begun uuid := (SELECT t.run_id FROM budget.true_up_begin() t WHERE t.tenant_id = '00000000-0000-7000-8000-0000000000e1');
BEGIN
    PERFORM budget.enter('00000000-0000-7000-8000-0000000000e1');
    IF begun IS NULL THEN
        RETURN NULL;
    END IF;
    PERFORM pg_temp.finish(begun);
    RETURN begun;
END $$;
SELECT pg_temp.policy('{"type": "hard_limit", "period": "daily", "cost_limit": 100}') AS daily \gset
SELECT pg_temp.policy('{"type": "warn", "period": "rolling", "window_seconds": 3600, "cost_limit": 100}') AS rolling \gset
SELECT is(pg_temp.true_up(), NULL, 'nothing is unpriced, nothing begins');
SELECT count(pg_temp.record(jsonb_build_object('model', 'new', 'input_tokens', 1000 * n))) FROM generate_series(1, 5) n \g /dev/null
SELECT pg_temp.record('{"model": "never", "input_tokens": 1000}') \g /dev/null
SELECT pg_temp.record('{"input_tokens": 1000}') \g /dev/null
SELECT is(pg_temp.counted(:'daily') ->> 'spent', '1', 'priced spend');
SELECT is(pg_temp.counted(:'daily') ->> 'ceiling', '1.6',
    'apart from what is counted at the ceiling: 16,000 at 0.0001');
SELECT pg_temp.sums() AS before \gset
SELECT is(pg_temp.true_up(), NULL, 'without a price there is nothing to do');

-- the price arrives, in force from now on only
SELECT pg_temp.price('new', 0.002, 0.004) AS arrived \gset
SELECT is((SELECT count(*)::int FROM budget.true_up_begin(true) t WHERE t.tenant_id = :tenant), 1, 'a dry run says so');
SELECT budget.enter(:tenant) \g /dev/null
SELECT is((SELECT count(*)::int FROM budget.price_run WHERE tenant_id = :tenant), 0, 'and begins nothing');
SELECT pg_temp.true_up() AS run \gset
SELECT isnt(:'run'::text, '', 'it begins');
SELECT is(pg_temp.counted(:'daily') ->> 'spent', '31', '15,000 tokens at the first price that came');
SELECT is(pg_temp.counted(:'daily') ->> 'ceiling', '0.1', 'the ceiling keeps what is unpriced still');
SELECT is(pg_temp.counted(:'daily') ->> 'tokens', '17000', 'tokens stay');
SELECT is((SELECT trim_scale(s.window_cost)::text FROM budget.policy_state s JOIN budget.policy p USING (tenant_id, revision)
    WHERE p.policy_id = :'rolling'), '31.1', 'the window has both');
SELECT is((SELECT string_agg(concat_ws(' ', trim_scale(c.delta_cost), trim_scale(c.delta_ceiling), c.pricing_id), '; '
    ORDER BY c.record_id) FROM budget.correction c WHERE c.tenant_id = :tenant),
    (SELECT string_agg(concat_ws(' ', 2 * n, trim_scale(-0.1 * n), :'arrived'), '; ' ORDER BY n) FROM generate_series(1, 5) n),
    'one correction each moves it over');
SELECT is(pg_temp.found(), NULL, 'verify is clean');
SELECT is((SELECT string_agg(DISTINCT concat_ws(' ', i ->> 'priced', i ->> 'ceiling_cost'), '; ')
    FROM jsonb_array_elements(pg_temp.call('usage_list', '{"model": "new"}') -> 'items') i), 'true', 'the records are priced');
SELECT is((pg_temp.call('usage_list', '{"priced": false}') ->> 'total')::int, 1, 'one is left');
SELECT is(pg_temp.call('report_summary', '{"period": "lifetime"}') -> 'unpriced',
    '{"count": 1, "tokens": 1000, "ceiling_cost": 0.1}',
    'and reports agree');
SELECT is((SELECT concat_ws(' ', r ->> 'kind', r ->> 'records', r ->> 'newly_priced', r ->> 'delta_cost', r ->> 'delta_ceiling', r ->> 'created_by')
    FROM pg_temp.call('reprice_get', jsonb_build_object('id', :'run')) r), 'true_up 5 5 30 -1.5 true-up', 'the run says what it did');
SELECT is((SELECT count(*)::int FROM budget.audit_log a WHERE a.tenant_id = :tenant AND a.action = 'reprice.end'), 1, 'audited');
SELECT is(pg_temp.true_up(), NULL, 'exactly once');
SELECT is((SELECT count(*)::int FROM budget.correction WHERE tenant_id = :tenant), 5, 'and not again');

-- a later change of the price is no true-up
SELECT pg_temp.price('new', 0.003, 0.004) \g /dev/null
SELECT is(pg_temp.true_up(), NULL, 'a changed price brings no second one');

-- a record that comes late for a price that is there
SELECT pg_temp.record(jsonb_build_object('model', 'new', 'input_tokens', 1000, 'occurred_at', :now - interval '2 hours')) #>> '{body,priced}' AS priced \gset
SELECT is(:'priced'::text, 'false', 'a record of the time before the price has none');
SELECT is(pg_temp.true_up(), NULL, 'it waits');
UPDATE budget.tenant SET trued_up_at = trued_up_at - interval '2 days' WHERE tenant_id = :tenant;
SELECT isnt(pg_temp.true_up(), NULL, 'a day at most');
SELECT is(pg_temp.counted(:'daily') ->> 'ceiling', '0.1', 'until it has it');

-- undo takes them back to the ceiling
SELECT pg_temp.call('reprice_list') #>> '{items,0,run_id}' AS late \gset
SELECT pg_temp.undo(:'late') \g /dev/null
SELECT pg_temp.undo(:'run') \g /dev/null
SELECT is(pg_temp.counted(:'daily') ->> 'spent', '1', 'undone, the cost is gone');
SELECT is((pg_temp.call('usage_list', '{"priced": false}') ->> 'total')::int, 7, 'they are unpriced again');
SELECT is(pg_temp.found(), NULL, 'and verify is clean');

-- free models: 0 is a price
SELECT pg_temp.call('price_set', '{"provider": "acme", "model": "never", "price_type": "free"}') \g /dev/null
SELECT is(pg_temp.said(pg_temp.reprice('{"unpriced": true, "model": "never"}')), '1 0 0 0 -0.1',
    'a free model leaves the ceiling at cost 0');
SELECT is(pg_temp.said(pg_temp.reprice('{"unpriced": true, "model": "new", "dry_run": true}')), '6 0 32 32 -1.6',
    'unpriced records alone, by hand');
SELECT is(pg_temp.found(), NULL, 'clean');
-- what comes later and is charged to long ago, as from a spool: without a price at first, and for a price that is there
SELECT pg_temp.true_up() \g /dev/null
SELECT isnt((SELECT trued_up_from FROM budget.tenant WHERE tenant_id = :tenant), NULL, 'what is older was looked at');
CREATE FUNCTION pg_temp.spooled() RETURNS text LANGUAGE sql AS $$
    SELECT pg_temp.record(jsonb_build_object('model', 'old', 'input_tokens', 1000, 'received_at', clock_timestamp()
        - interval '20 days')) #>> '{body,priced}'
$$;
SELECT is(pg_temp.spooled(), 'false', 'a record of 20 days ago has no price');
UPDATE budget.tenant SET trued_up_at = trued_up_at - interval '2 days' WHERE tenant_id = :tenant;
SELECT is(pg_temp.true_up(), NULL, 'nor is there one: it was looked at');
SELECT pg_temp.price('old', 0.002, 0.004) \g /dev/null
SELECT pg_temp.true_up() AS old \gset
SELECT is((SELECT r ->> 'newly_priced' FROM pg_temp.call('reprice_get', jsonb_build_object('id', :'old')) r), '1',
    'and is priced when one comes');
SELECT is(pg_temp.found(), NULL, 'verify is clean');
SELECT * FROM finish();
ROLLBACK;
