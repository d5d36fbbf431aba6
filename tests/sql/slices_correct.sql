-- A corrected price moves the slice its records were taken from: above the child, spent + slice stays what was delegated.
BEGIN;
SELECT plan(12);
\ir ../harness/reprice.psql
SELECT pg_temp.policy('{"type": "hard_limit", "period": "lifetime", "cost_limit": 10}') AS top \gset
CREATE TEMP TABLE d AS SELECT pg_temp.call('delegation_create', jsonb_build_object('id', :root, 'name', 'c', 'cost', 5)) AS a;
SELECT a ->> 'budget_id' AS child, a ->> 'allocation_id' AS slice, a ->> 'policy_id' AS own FROM d \gset
CREATE FUNCTION pg_temp.slice() RETURNS text LANGUAGE sql AS $$
    SELECT concat_ws(' ', trim_scale(left_cost), trim_scale(actual_cost), trim_scale(overage_cost)) FROM budget.hold
     WHERE tenant_id = budget.tenant() AND kind = 'slice'
$$;
SELECT count(pg_temp.record(jsonb_build_object('budget_id', :'child', 'input_tokens', 1000))) FROM generate_series(1, 3)
    \g /dev/null
SELECT is(pg_temp.state(:'top') || ', ' || pg_temp.slice(), '3 2, 2 3 0', 'three records of 1 out of a slice of 5');

SELECT pg_temp.price('one', 0.0005, 0.001, clock_timestamp() - interval '30 days') \g /dev/null
SELECT pg_temp.reprice('{"model": "one"}') ->> 'run_id' AS cheaper \gset
SELECT is(pg_temp.state(:'top') || ', ' || pg_temp.slice(), '1.5 3.5, 3.5 1.5 0', 'cheaper: given back to the slice');
SELECT is(pg_temp.state(:'own'), '1.5 0', 'which the child may use again');
SELECT is(pg_temp.found(), NULL, 'the books are in order');

SELECT pg_temp.price('one', 0.002, 0.004, clock_timestamp() - interval '29 days') \g /dev/null
SELECT pg_temp.reprice('{"model": "one"}') ->> 'run_id' AS dearer \gset
SELECT is(pg_temp.state(:'top') || ', ' || pg_temp.slice(), '6 0, 0 6 1', 'dearer than what was left: beyond the slice');
SELECT is(pg_temp.found(), NULL, 'the books are in order');
SELECT pg_temp.undo(:'dearer') \g /dev/null
SELECT is(pg_temp.state(:'top') || ', ' || pg_temp.slice(), '1.5 3.5, 3.5 1.5 0', 'undone: as it was before');
SELECT is((SELECT sum(cost) FROM budget.slice_use WHERE tenant_id = :tenant), 1.5, 'by record too');
SELECT is(pg_temp.found(), NULL, 'the books are in order');
SELECT is(pg_temp.reserve(jsonb_build_object('budget_id', :'child', 'cost', 3.5)) ->> 'status', '201', 'the rest is there');
SELECT is(pg_temp.reserve(jsonb_build_object('budget_id', :'child', 'cost', 0.01)) ->> 'status', '402', 'and no more');
SELECT is(pg_temp.reserve('{"cost": 5.01}') ->> 'status', '402', 'nor above');
SELECT * FROM finish();
ROLLBACK;
