-- Reading usage records.
BEGIN;
SELECT plan(35);
\ir ../harness/usage.psql
CREATE FUNCTION pg_temp.total(args jsonb) RETURNS jsonb
LANGUAGE sql AS $$ SELECT pg_temp.call('usage_list', args) -> 'total' $$;

SELECT pg_temp.record('{"input_tokens": 100, "output_tokens": 10, "cost": 0.00123400,
           "input_cost": 0.001, "output_cost": 0.000234,
           "charged_at": "2026-03-10T18:14:59.999999Z", "context_id": "c1", "task_id": "t1", "user_id": "u1",
               "operation_id": "o1",
           "request_id": "r1", "cause": "held", "metadata": {"a": 1}, "flags": ["late"]}') AS first,
       pg_temp.record('{"input_tokens": 7, "cache_read_tokens": 3, "cost": 1, "charged_at": "2026-03-10T18:15:00Z",
           "context_id": "c1",
           "provider": "openai", "model": "gpt-4o", "component": "ergon", "task_type": "chat"}') AS second,
       pg_temp.record(jsonb_build_object('input_tokens', 5, 'ceiling_cost', 0.5, 'charged_at',
           '2026-03-11T18:14:59.999999Z', 'budget_id', :team::text,
           'provider', 'mystery', 'model', 'm', 'tier', 'local_midweight')) AS unpriced,
       pg_temp.record('{"input_tokens": 1, "cost": 2, "charged_at": "2026-03-12T00:00:00Z"}') AS last \gset

SELECT is(pg_temp.call('usage_list') -> 'total', '4', 'no filter: all records of the tenant');
SELECT is((SELECT array_agg(i ->> 'record_id') FROM jsonb_array_elements(pg_temp.call('usage_list') -> 'items') AS i),
    ARRAY[:'last', :'unpriced', :'second', :'first'], 'newest charged first');
SELECT is(pg_temp.total('{"context_id": "c1"}'), '2', 'by context');
SELECT is(pg_temp.total('{"task_id": "t1"}'), '1', 'by task');
SELECT is(pg_temp.total('{"user_id": "u1"}'), '1', 'by user');
SELECT is(pg_temp.total('{"operation_id": "o1"}'), '1', 'by operation');
SELECT is(pg_temp.total('{"request_id": "r1"}'), '1', 'by request');
SELECT is(pg_temp.total('{"cause": "held"}'), '1', 'by cause');
SELECT is(pg_temp.total('{"provider": "OpenAI"}'), '1', 'by provider, without case');
SELECT is(pg_temp.total('{"model": "GPT-4o"}'), '1', 'by model');
SELECT is(pg_temp.total('{"component": "ergon"}'), '1', 'by component');
SELECT is(pg_temp.total('{"task_type": "chat"}'), '1', 'by task type');
SELECT is(pg_temp.total('{"tier": "local_midweight"}'), '1', 'by tier');
SELECT is(pg_temp.total('{"provider": "nobody"}'), '0', 'a filter nothing matches');
SELECT is(pg_temp.total('{"priced": false}'), '1', 'the unpriced ones');
SELECT is(pg_temp.total('{"priced": true}'), '3', 'the priced ones');
SELECT is(pg_temp.total('{"allocation_id": "00000000-0000-7000-8000-00000000dead"}'), '0', 'by allocation');
SELECT is(pg_temp.total(jsonb_build_object('budget_id', :team)), '1', 'by budget');
SELECT is(pg_temp.total(jsonb_build_object('budget_id', :root)), '4', 'a budget means it and all below');
SELECT throws_ok($$SELECT pg_temp.call('usage_list', '{"budget_id": "00000000-0000-7000-8000-00000000dead"}')$$,
    'BG404', NULL, 'an unknown budget is 404');
SELECT is(pg_temp.total('{"start_date": "2026-03-11", "end_date": "2026-03-11"}'), '2',
    'a date is the whole local day: Kathmandu''s begins at 18:15 UTC');
SELECT is(pg_temp.total('{"start_date": "2026-03-10T18:14:59.999999Z", "end_date": "2026-03-11T18:14:59.999999Z"}'),
    '2', 'a timestamp as an end is exclusive');
SELECT is(pg_temp.total('{"start_date": "2026-03-11T00:00:00", "end_date": "2026-03-12T00:00:00+05:45"}'), '2',
    'a timestamp without zone is local');
SELECT throws_ok($$SELECT pg_temp.call('usage_list', '{"start_date": "2026-03-12", "end_date": "2026-03-10"}')$$,
    'BG422', NULL, 'a range the wrong way round is refused');
SELECT throws_ok($$SELECT pg_temp.call('usage_list', '{"start_date": "2026-02-30"}')$$, 'BG422', NULL,
    'so is a day that does not exist');

SELECT pg_temp.call('usage_list', '{"limit": 3}') AS page_one \gset
SELECT is((SELECT array_agg(i ->> 'record_id')
    FROM jsonb_array_elements(pg_temp.call('usage_list', jsonb_build_object('limit', 3,
    'cursor', :'page_one'::jsonb ->> 'next_cursor')) -> 'items') AS i), ARRAY[:'first'],
    'the cursor goes on behind the last row, to the microsecond');
SELECT is(pg_temp.call('usage_list', '{"limit": 3, "page": 2}') #>> '{items,0,record_id}', :'first',
    'so does the page number');

SELECT is(pg_temp.call('usage_get', jsonb_build_object('id', :'first'))
        - '{pricing_id,pricing_version,allocation,received_at}'::text[], jsonb_build_object(
    'record_id', :'first', 'allocation_id', NULL, 'budget_id', :root, 'context_id', 'c1', 'task_id', 't1', 'component',
    'rhetor',
    'provider', 'anthropic', 'model', 'claude-sonnet-4', 'tier', 'remote_heavyweight', 'task_type', 'default',
    'input_tokens', 100,
    'cache_read_tokens', 0, 'cache_write_5m_tokens', 0, 'cache_write_1h_tokens', 0, 'output_tokens', 10,
    'reasoning_tokens', 0,
    'input_audio_tokens', 0, 'output_audio_tokens', 0, 'input_image_tokens', 0, 'output_image_tokens', 0,
    'total_tokens', 110)
    || jsonb_build_object('requests', 1, 'characters', 0, 'output_characters', 0, 'web_searches', 0, 'images', 0,
        'seconds', 0, 'input_cost', 0.001, 'output_cost', 0.000234, 'total_cost', 0.001234, 'currency', 'USD',
    'priced', true, 'ceiling_cost', NULL, 'correction_cost', 0, 'reported_cost', NULL, 'cost_gap', NULL, 'timestamp',
    '2026-03-10T18:14:59.999999Z',
    'charged_at', '2026-03-10T18:14:59.999999Z', 'cause', 'held', 'flags', ARRAY['late'], 'operation_id', 'o1',
    'request_id', 'r1',
    'user_id', 'u1', 'metadata', '{"a": 1}'::jsonb), 'a record shows everything it says');
SELECT is(pg_temp.call('usage_get', jsonb_build_object('id', :'unpriced')) -> 'total_cost', 'null',
    'an unpriced record costs null, never 0');
SELECT throws_ok($$SELECT pg_temp.call('usage_get', '{"id": "00000000-0000-7000-8000-00000000dead"}')$$, 'BG404', NULL,
    'an unknown record is 404');
SELECT throws_ok(format('SELECT pg_temp.call(%L, %L, %L)', 'usage_get', jsonb_build_object('id', :'first'),
    jsonb_build_object('key_budget_id', :team)),
    'BG404', NULL, 'so is one of a budget beyond the key''s');

-- a price arrives
INSERT INTO budget.correction (tenant_id, run_id, record_id, delta_cost, delta_ceiling, pricing_id)
VALUES (:tenant, budget.uuid_v7(), :'unpriced', 0.125, -0.5, budget.uuid_v7());
SELECT is((SELECT ARRAY[r ->> 'priced', r ->> 'total_cost', r ->> 'correction_cost', r ->> 'ceiling_cost']
    FROM pg_temp.call('usage_get', jsonb_build_object('id', :'unpriced')) AS r), '{true,0.125,0.125,NULL}',
        'a correction trues the record up');
SELECT is(pg_temp.total('{"priced": false}'), '0', 'which then counts as priced');
INSERT INTO budget.correction (tenant_id, run_id, record_id, delta_cost, delta_ceiling, created_at)
VALUES (:tenant, budget.uuid_v7(), :'unpriced', -0.125, 0.5, clock_timestamp());
SELECT is((SELECT ARRAY[r ->> 'priced', r ->> 'total_cost', r ->> 'ceiling_cost']
    FROM pg_temp.call('usage_get', jsonb_build_object('id', :'unpriced')) AS r), '{false,NULL,0.5}',
        'until the run is undone');
SELECT is((SELECT array_agg(budget.usage_record_json(u)::text ORDER BY record_id) FROM budget.usage_record u
    WHERE tenant_id = :tenant),
    (SELECT array_agg(body::text ORDER BY id) FROM budget.usage_records_json(ARRAY(SELECT u FROM budget.usage_record u
        WHERE tenant_id = :tenant))),
    'one record and many are shown alike');
SELECT * FROM finish();
ROLLBACK;
