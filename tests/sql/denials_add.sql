-- Refusals counted in memory come in by policy and hour; a limit shows those of its period.
BEGIN;
SELECT plan(7);
\ir ../harness/ledger.psql

CREATE TEMP TABLE p AS SELECT pg_temp.policy('{"period": "daily", "cost_limit": 1, "type": "hard_limit"}') AS day,
    pg_temp.policy('{"period": "lifetime", "cost_limit": 1, "type": "hard_limit"}') AS life;
CREATE FUNCTION pg_temp.add(policy text, ago interval, n integer) RETURNS bigint LANGUAGE sql AS $$
    SELECT budget.denials_add(jsonb_build_array(jsonb_build_object('tenant_id', '00000000-0000-7000-8000-0000000000e1',
        'policy_id', policy, 'hour', floor(extract(epoch FROM now() - ago) / 3600), 'count', n)))
$$;
CREATE FUNCTION pg_temp.shown(policy text) RETURNS text LANGUAGE sql AS $$
    SELECT i ->> 'denials' FROM jsonb_array_elements(pg_temp.call('limit_list', '{}') -> 'items') i WHERE i ->> 'policy_id' = policy
$$;

SELECT is(pg_temp.shown((SELECT day FROM p)), '0', 'none to begin with');
SELECT is(pg_temp.add((SELECT day FROM p), '0', 3), 1::bigint, 'counts come in');
SELECT pg_temp.add((SELECT day FROM p), '0', 4), pg_temp.add((SELECT day FROM p), '3 days', 100),
    pg_temp.add((SELECT life FROM p), '3 days', 5), pg_temp.add((SELECT life FROM p), '0', 1);
SELECT is(pg_temp.shown((SELECT day FROM p)), '7', 'those of one hour add up, those of former periods are not shown');
SELECT is(pg_temp.shown((SELECT life FROM p)), '6', 'a lifetime has them all');
SELECT is((SELECT count(*)::int FROM budget.denial WHERE tenant_id = :tenant), 4, 'one row a policy and hour');
SELECT is(pg_temp.add('00000000-0000-7000-8000-00000000dead', '0', 1), 0::bigint, 'a policy that is not there counts nothing');
SELECT is(budget.denials_add('[]'), 0::bigint, 'nothing is nothing');
SELECT * FROM finish();
ROLLBACK;
