-- Sums are exact, and every way to add up gives the same.
BEGIN;
SELECT plan(23);
\ir ../harness/usage.psql
-- 2,000 records over 40 days around both clock changes of New York and every hour of Kathmandu's day, awkward prices.
SELECT setseed(0.42) \g /dev/null
SELECT count(pg_temp.record(jsonb_build_object(
    'charged_at', timestamptz '2026-02-20T00:00:00Z' + random() * interval '40 days', 'budget_id', (ARRAY[:root, :team,
    :other])[n % 3 + 1],
    'provider', (ARRAY['anthropic', 'openai', 'ollama'])[n % 3 + 1], 'model', 'm' || n % 7,
    'component', (ARRAY['rhetor', 'ergon', 'codex'])[n % 5 % 3 + 1],
    'task_type', (ARRAY['chat', 'coding'])[n % 2 + 1], 'input_tokens', (random() * 5000)::int,
    'cache_read_tokens', n % 11,
    'output_tokens', (random() * 900)::int, 'reasoning_tokens', n % 13, 'context_id', 'c' || n % 4,
    'reported_cost', CASE WHEN n % 5 = 0 THEN 0.001 END,
    'cost', CASE WHEN n % 17 > 0 THEN (random() * 1e15)::bigint * 1e-18 END, 'ceiling_cost', CASE
    WHEN n % 17 = 0 THEN 0.0003 * n END)))
  FROM generate_series(1, 2000) AS n \g /dev/null
INSERT INTO budget.correction (tenant_id, run_id, record_id, delta_cost, delta_ceiling, pricing_id)
SELECT tenant_id, '00000000-0000-7000-8000-000000000001', record_id, 0.000000000000000001, CASE
    WHEN cost IS NULL THEN -ceiling_cost ELSE 0 END, '00000000-0000-7000-8000-000000000002'
  FROM (SELECT *, row_number() OVER (ORDER BY record_id) AS n FROM budget.usage_record WHERE tenant_id = :tenant) AS u
      WHERE n % 10 = 0;
CREATE TEMP TABLE plain AS
SELECT count(*) AS count, sum(total_tokens) AS tokens, sum(input_tokens) AS input, sum(coalesce(cost, 0))
       + (SELECT sum(delta_cost) FROM budget.correction WHERE tenant_id = :tenant) AS cost FROM budget.usage_record
           WHERE tenant_id = :tenant;
CREATE TEMP TABLE whole AS SELECT pg_temp.call('usage_summary',
    '{"start_time": "2026-02-01", "end_time": "2026-04-30"}') AS s;

SELECT is((SELECT (s ->> 'total_cost')::numeric FROM whole), (SELECT trim_scale(cost) FROM plain),
    'total cost is the plain sum, to the last digit');
SELECT is((SELECT (s ->> 'total_tokens')::numeric FROM whole), (SELECT tokens FROM plain), 'so are the tokens');
SELECT is((SELECT (s ->> 'total_input_tokens')::numeric FROM whole), (SELECT input FROM plain),
    'and each class of them');
SELECT is((SELECT (s ->> 'count')::bigint FROM whole), (SELECT count FROM plain), 'and the count');
SELECT is((SELECT array_agg(DISTINCT (SELECT sum((g.value ->> 'cost')::numeric) FROM jsonb_each(d.value) AS g))
    FROM whole, jsonb_each(s -> 'groups') AS d),
    (SELECT ARRAY[cost] FROM plain), 'the groups of every dimension add up to the total cost');
SELECT is((SELECT array_agg(DISTINCT (SELECT sum((g.value ->> 'total_tokens')::numeric) FROM jsonb_each(d.value) AS g))
    FROM whole, jsonb_each(s -> 'groups') AS d),
    (SELECT ARRAY[tokens] FROM plain), 'and to its tokens');
SELECT is((SELECT array_agg(key ORDER BY key) FROM whole, jsonb_object_keys(s -> 'groups') AS key),
    '{component,model,provider,task_type,tier}', 'Tekton''s dimensions and the tier');
SELECT is((SELECT sum((pg_temp.call('usage_summary', jsonb_build_object('start_time', day::date,
    'end_time', day::date)) ->> 'total_cost')::numeric)
    FROM generate_series(timestamp '2026-02-19', '2026-04-02', '1 day') AS day), (SELECT cost FROM plain),
        'the days of Kathmandu add up to the range');
SELECT is((SELECT sum((pg_temp.call('usage_summary', jsonb_build_object('budget_id', :other, 'start_time', day::date,
    'end_time', day::date)) ->> 'total_cost')::numeric)
    FROM generate_series(timestamp '2026-02-18', '2026-04-02', '1 day') AS day),
    (pg_temp.call('usage_summary', jsonb_build_object('budget_id', :other, 'period',
        'lifetime')) ->> 'total_cost')::numeric, 'so do New York''s, over the night its clocks change');
SELECT is((SELECT sum((pg_temp.call('usage_summary', jsonb_build_object('period', 'lifetime', 'context_id', 'c'
    || n)) ->> 'total_cost')::numeric)
    FROM generate_series(0, 3) AS n), (SELECT cost FROM plain), 'filters cut the whole into parts that add up');
SELECT is((SELECT sum((pg_temp.call('usage_list', jsonb_build_object('limit', 1000,
    'page', n)) -> 'items' -> i ->> 'total_cost')::numeric)
    FROM generate_series(1, 2) AS n, generate_series(0, 1000, 100) AS i) IS NOT NULL, true,
        'pages of the list can be read');
SELECT is((SELECT sum((r ->> 'total_cost')::numeric) FROM generate_series(1, 2) AS n,
    jsonb_array_elements(pg_temp.call('usage_list', jsonb_build_object('limit', 1000, 'page', n)) -> 'items') AS r),
        (SELECT cost FROM plain), 'the records of the list add up to the summary');
SELECT is((SELECT s -> 'unpriced' ->> 'count' FROM whole), (SELECT count(*)::text FROM budget.usage_record u
    WHERE tenant_id = :tenant AND cost IS NULL
    AND NOT EXISTS (SELECT FROM budget.correction c WHERE c.tenant_id = u.tenant_id AND c.record_id = u.record_id)),
        'unpriced counts what has no price yet');
SELECT is((SELECT s -> 'reported' FROM whole), (SELECT jsonb_build_object('count', count(*), 'cost', trim_scale(sum(u.reported_cost)),
        'cost_gap', trim_scale(sum(coalesce(u.cost, 0) + coalesce(c.delta_cost, 0) - u.reported_cost)
            FILTER (WHERE u.cost IS NOT NULL OR c.pricing_id IS NOT NULL)))
    FROM budget.usage_record u LEFT JOIN budget.correction c USING (tenant_id, record_id)
   WHERE u.tenant_id = :tenant AND u.reported_cost IS NOT NULL), 'what providers say stands beside ours, with the gap');
SELECT is((SELECT (s -> 'unpriced' ->> 'ceiling_cost')::numeric FROM whole), (SELECT trim_scale(sum(ceiling_cost))
    FROM budget.usage_record u WHERE tenant_id = :tenant
    AND NOT EXISTS (SELECT FROM budget.correction c WHERE c.tenant_id = u.tenant_id AND c.record_id = u.record_id)),
        'at its ceiling, kept apart from the cost');
SELECT is((SELECT s -> 'corrections' FROM whole), '{"count": 200, "cost": 0.0000000000000002}',
    'corrections are shown');
SELECT is((SELECT ARRAY[s ->> 'currency', s ->> 'time_zone', s ->> 'start_time', s ->> 'end_time'] FROM whole),
    '{USD,Asia/Kathmandu,2026-01-31T18:15:00.000000Z,2026-04-30T18:15:00.000000Z}',
    'zone, currency and bounds are shown');

-- periods
SELECT pg_temp.record('{"input_tokens": 3, "cost": 0.5}') \g /dev/null
SELECT is(pg_temp.call('usage_period', '{"period": "daily"}') -> 'total_cost', '0.5', 'a period is the one of now');
SELECT is(pg_temp.call('usage_period', '{"period": "Today"}') - 'x', pg_temp.call('usage_summary',
    '{"period": "daily"}'), 'everyday words lead to the same');
SELECT is(pg_temp.call('usage_summary') ->> 'period', 'monthly', 'without anything: the month');
SELECT throws_ok($$SELECT pg_temp.call('usage_period', '{"period": "fortnightly"}')$$, 'BG404', NULL,
    'an unknown period is 404');
SELECT throws_ok($$SELECT pg_temp.call('usage_period', '{"period": "per_session"}')$$, 'BG422', NULL,
    'a session must be named');
SELECT is(pg_temp.call('usage_summary', jsonb_build_object('budget_id', :other, 'period',
    'daily')) - '{budget_id,start_time,end_time,time_zone,period}'::text[],
    '{"currency": "USD", "count": 0, "total_cost": 0, "total_tokens": 0, "total_input_tokens": 0,
      "total_cache_read_tokens": 0, "total_cache_write_5m_tokens": 0,
      "total_cache_write_1h_tokens": 0, "total_output_tokens": 0, "total_reasoning_tokens": 0,
          "total_input_audio_tokens": 0, "total_output_audio_tokens": 0,
      "total_input_image_tokens": 0, "total_output_image_tokens": 0, "total_requests": 0, "total_characters": 0,
          "total_output_characters": 0, "total_web_searches": 0, "total_images": 0, "total_seconds": 0,
      "total_input_cost": 0, "total_output_cost": 0, "corrections": {"count": 0, "cost": 0}, "unpriced": {"count": 0,
          "tokens": 0, "ceiling_cost": 0}, "reported": {"count": 0, "cost": 0, "cost_gap": 0},
      "groups": {"provider": {}, "model": {}, "component": {}, "task_type": {},
          "tier": {}}}', 'an empty summary has every field, at 0');
SELECT * FROM finish();
ROLLBACK;
