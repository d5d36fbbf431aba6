-- Which policies count which requests (rule 4).
BEGIN;
SELECT plan(16);

CREATE FUNCTION pg_temp.matches(filters jsonb, shape jsonb,
    path uuid[] DEFAULT '{00000000-0000-7000-8000-00000000000a,00000000-0000-7000-8000-00000000000b}')
RETURNS boolean LANGUAGE sql AS $$
    SELECT budget.policy_matches(jsonb_populate_record(NULL::budget.policy_revision,
               '{"budget_id": "00000000-0000-7000-8000-00000000000a", "reach": "all"}' || filters),
           jsonb_populate_record(NULL::budget.shape, shape), path)
$$;

SELECT ok(pg_temp.matches('{}', '{"provider": "openai"}'), 'no filter: counts its budget and what is below');
SELECT ok(NOT pg_temp.matches('{"budget_id": "00000000-0000-7000-8000-00000000000c"}', '{"provider": "openai"}'),
    'no filter: not another branch');
SELECT ok(pg_temp.matches('{"provider": "openai"}', '{"provider": "OpenAI"}'), 'provider without case');
SELECT ok(pg_temp.matches('{"model": "GPT-4o"}', '{"model": "gpt-4o"}'), 'model without case');
SELECT ok(NOT pg_temp.matches('{"provider": "openai"}', '{"provider": "anthropic"}'), 'another provider');
SELECT ok(NOT pg_temp.matches('{"model": "gpt-4o"}', '{"model": "gpt-4o-mini"}'), 'another model');
SELECT ok(NOT pg_temp.matches('{"tier": "local_midweight"}', '{"tier": "remote_heavyweight"}'), 'another tier');
SELECT ok(NOT pg_temp.matches('{"component": "rhetor"}', '{"component": "ergon"}'), 'another component');
SELECT ok(NOT pg_temp.matches('{"task_type": "chat"}', '{"task_type": "coding"}'), 'another task type');
SELECT ok(pg_temp.matches('{"provider": "openai", "model": "gpt-4o", "tier": "local_midweight", "component": "c", "task_type": "t"}', '{}'),
    'an attribute left out matches every filter');
SELECT ok(NOT pg_temp.matches('{"provider": "openai", "component": "c"}', '{"provider": "openai", "component": "d"}'),
    'all filters must match');
SELECT ok(pg_temp.matches('{"budget_id": "00000000-0000-7000-8000-00000000000c", "provider": "openai"}',
    '{"provider": "openai"}'),
    'filtered, reach all: counts all traffic of the tenant');
SELECT ok(NOT pg_temp.matches('{"budget_id": "00000000-0000-7000-8000-00000000000c", "provider": "openai", "reach": "named"}', '{"provider": "openai"}'),
    'filtered, reach named: not another branch');
SELECT ok(pg_temp.matches('{"budget_id": "00000000-0000-7000-8000-00000000000b", "provider": "openai", "reach": "named"}', '{"provider": "openai"}'),
    'filtered, reach named: its own branch');
SELECT ok(NOT pg_temp.matches('{"budget_id": "00000000-0000-7000-8000-00000000000c", "reach": "all"}',
    '{"provider": "openai"}'),
    'unfiltered, reach all: still only its branch');

PREPARE matching AS SELECT r.revision FROM budget.policy_revision r, budget.shape s
    WHERE budget.policy_matches(r, s, '{00000000-0000-7000-8000-00000000000a}'::uuid[]);
CREATE FUNCTION pg_temp.plan_text() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    line text; lines text := '';
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (VERBOSE) EXECUTE matching' LOOP lines := lines || line; END LOOP;
    RETURN lines;
END $$;
SELECT unalike(pg_temp.plan_text(), '%policy_matches%', 'the predicate inlines');

SELECT * FROM finish();
ROLLBACK;
