-- /limits: the policy of a period with these filters, and where it stands.
BEGIN;
SELECT plan(23);
\ir ../harness/budgets.psql

CREATE TEMP TABLE made AS SELECT pg_temp.reply('limit_set', '{"period": "daily", "cost_limit": 5}') AS r;
SELECT is((SELECT r ->> 'status' FROM made), '201', 'made when there is none');
SELECT is((SELECT r -> 'body' ->> 'budget_id' FROM made), :root, 'on Default');
CREATE TEMP TABLE changed AS SELECT pg_temp.reply('limit_set',
    '{"period": "daily", "cost_limit": 7, "warning_threshold": 0.5}') AS r;
SELECT is((SELECT r ->> 'status' FROM changed), '200', 'changed when there is one');
SELECT is((SELECT r -> 'body' -> 'policy_id' FROM changed), (SELECT r -> 'body' -> 'policy_id' FROM made),
    'the same one');
SELECT is((SELECT r -> 'body' ->> 'cost_limit' FROM changed), '7', 'its limit');
SELECT is((SELECT r -> 'body' ->> 'warning_threshold' FROM changed), '0.5', 'its threshold');
SELECT is((SELECT r -> 'body' -> 'revision' FROM changed), (SELECT r -> 'body' -> 'revision' FROM made), 'in place');
SELECT is((SELECT r ->> 'status' FROM pg_temp.reply('limit_set',
    '{"period": "daily", "cost_limit": 3, "filters": {"component": "rhetor"}}') r), '201', 'filters make another');
SELECT is((SELECT r -> 'body' ->> 'type' FROM pg_temp.reply('limit_set',
    '{"period": "daily", "cost_limit": 3, "type": "hard_limit"}') r),
    'hard_limit', 'one that stands alone takes the type');
SELECT is((SELECT r ->> 'status' FROM pg_temp.reply('policy_create',
    '{"period": "daily", "cost_limit": 2, "type": "warn"}') r), '201', 'warn below hard');
SELECT is((SELECT r -> 'body' ->> 'cost_limit'
    FROM pg_temp.reply('limit_set', '{"period": "daily", "cost_limit": 2.5, "type": "warn"}') r), '2.5',
    'then the type says which');
SELECT is((SELECT count(*)::int FROM budget.policy WHERE tenant_id = :tenant AND enabled), 3, 'three policies in all');
SELECT is(pg_temp.refusal('limit_set', '{"period": "daily"}'), '422 limit_missing /cost_limit', 'a limit is needed');
SELECT is(pg_temp.refusal('limit_set', '{"period": "weekly"}'), '422 limit_missing /cost_limit', 'for a new one too');
SELECT is(pg_temp.refusal('limit_set', '{"period": "daily", "cost_limit": 1, "budget_id": "00000000-0000-7000-8000-00000000dead"}'), '404 budget_not_found /budget_id', 'an unknown budget');
SELECT is((SELECT r -> 'body' ->> 'window_seconds'
    FROM pg_temp.reply('limit_set', '{"period": "rolling", "window_seconds": 3600, "token_limit": 10}') r),
    '3600', 'rolling');

-- where they stand
INSERT INTO budget.counter (tenant_id, revision, period_start, spent_cost, ceiling_cost, spent_tokens)
SELECT tenant_id, revision, date_trunc('day', now(), 'UTC'), 1.5, 0.25, 10 FROM budget.policy WHERE tenant_id = :tenant
    AND type = 'hard_limit';
INSERT INTO budget.policy_state (tenant_id, revision, held_cost, held_tokens) SELECT tenant_id, revision, 3, 30
    FROM budget.policy WHERE tenant_id = :tenant AND type = 'hard_limit';
SELECT pg_temp.hold('{"cost": 1, "tokens": 10}', ARRAY[revision]), pg_temp.hold(jsonb_build_object('cost', 2,
    'tokens', 20, 'expires_at', clock_timestamp() - interval '1 second'), ARRAY[revision])
FROM budget.policy WHERE tenant_id = :tenant AND type = 'hard_limit' \g /dev/null
CREATE TEMP TABLE line AS SELECT i FROM jsonb_array_elements(pg_temp.call('limit_list') -> 'items') i
    WHERE i ->> 'type' = 'hard_limit';
SELECT is((SELECT jsonb_build_array(i -> 'cost_used', i -> 'unpriced_cost', i -> 'cost_held', i -> 'remaining_cost')
    FROM line), '[1.75, 0.25, 1, 0.25]',
    'used with unpriced, held without what has expired, remaining');
SELECT is((SELECT jsonb_build_array(i -> 'tokens_used', i -> 'tokens_held', i -> 'remaining_tokens') FROM line),
    '[10, 10, null]', 'no token limit, no remainder');
SELECT is((SELECT i ->> 'resets_at' FROM line), budget.utc(date_trunc('day', now(), 'UTC') + interval '1 day'),
    'resets at the end of the day');
SELECT is((SELECT jsonb_build_array(i -> 'usage_percentage', i -> 'level') FROM line), '[0.583333, "warning"]',
    'the level');
SELECT is((SELECT i -> 'remaining_tokens' FROM jsonb_array_elements(pg_temp.call('limit_list') -> 'items') i
    WHERE i ->> 'period' = 'rolling'), '10', 'a period without rows is all zeros');
SELECT is(jsonb_array_length(pg_temp.call('limit_list', '{"limit": 3}') -> 'items'), 3, 'paged');
SELECT is(jsonb_array_length(pg_temp.call('limit_list', jsonb_build_object('limit', 3,
    'cursor', pg_temp.call('limit_list', '{"limit": 3}') -> 'next_cursor')) -> 'items'), 1,
    'and the rest by its cursor');

SELECT * FROM finish();
ROLLBACK;
