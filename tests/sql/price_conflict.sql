-- A conflict from its first sight to its decision: listed side by side, one alert, approved or rejected by a person,
-- asked again only when the sources say something else.
BEGIN;
SELECT plan(38);
\ir ../harness/prices.psql
\set QUIET on
SELECT pg_temp.run(pg_temp.by('litellm', pg_temp.quote('c1', '10', '40')),
    pg_temp.by('genai-prices', pg_temp.quote('c1', '10', '40'))) \g /dev/null
CREATE FUNCTION pg_temp.conflict(p_model text DEFAULT 'c1') RETURNS uuid LANGUAGE sql AS $$
    SELECT c.conflict_id FROM budget.price_conflict AS c WHERE c.model = p_model ORDER BY c.conflict_id DESC LIMIT 1
$$;
CREATE FUNCTION pg_temp.alerts() RETURNS bigint LANGUAGE sql AS $$
    SELECT count(*) FROM budget.alert AS a WHERE a.type = 'price_conflict'
$$;
CREATE FUNCTION pg_temp.states(p_model text DEFAULT 'c1') RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(c.state, ' ' ORDER BY c.conflict_id) FROM budget.price_conflict AS c WHERE c.model = p_model
$$;

-- listed
SELECT is(pg_temp.run(pg_temp.by('litellm', pg_temp.quote('c1', '8', '40')), pg_temp.by('genai-prices', pg_temp.quote('c1', '10', '40'))),
    'conflict: 2 sources contradict each other: litellm 8/40, genai-prices 10/40', 'one source goes another way');
SELECT is((SELECT string_agg(concat_ws(' ', c ->> 'source', c ->> 'trust', c -> 'per_million' ->> 'input', c ->> 'percent'), ', ')
    FROM json_array_elements(pg_temp.as_ann('price_conflict_list', '{"model": "c1"}')::json -> 'items' -> 0 -> 'candidates') AS c),
    'litellm 0.9 8 -20, genai-prices 0.8 10 0', 'its candidates stand side by side');
SELECT is((pg_temp.as_ann('price_conflict_list', '{"provider": "maker"}')::json -> 'items' -> 0 -> 'current' ->> 'source'), 'litellm',
    'beside what is in force');
SELECT is(pg_temp.as_ann('price_conflict_list', '{"source": "openrouter"}')::json ->> 'total', '0', 'by source');
SELECT is(pg_temp.as_ann('price_conflict_get', jsonb_build_object('id', pg_temp.conflict()))::json ->> 'state', 'open', 'or alone');
SELECT is(pg_temp.as_ann('price_conflict_get', jsonb_build_object('id', budget.uuid_v7())), 'BG404 conflict_not_found', 'if there is one');

-- one alert
SELECT is(pg_temp.alerts(), 1::bigint, 'an alert says so');
SELECT matches((SELECT message FROM budget.alert WHERE type = 'price_conflict'), '^Price conflict, maker c1: 2 sources', 'in words');
SELECT is(pg_temp.run(pg_temp.by('litellm', pg_temp.quote('c1', '8', '40')), pg_temp.by('genai-prices', pg_temp.quote('c1', '10', '40'))),
    'nothing', 'the same again is the same conflict');
SELECT is(pg_temp.alerts() || ' ' || pg_temp.states(), '1 open', 'and no second alert');
SELECT is((SELECT count(*) FROM budget.outbox WHERE payload ->> 'type' = 'price_conflict'), 1::bigint, 'nor message');

-- other quotes while it waits
SELECT is(pg_temp.run(pg_temp.by('litellm', pg_temp.quote('c1', '7', '40')), pg_temp.by('genai-prices', pg_temp.quote('c1', '10', '40'))),
    'conflict: 2 sources contradict each other: litellm 7/40, genai-prices 10/40', 'other figures bring it up to date');
SELECT is((SELECT version || ' ' || state FROM budget.price_conflict WHERE model = 'c1'), '2 open', 'in place');
SELECT is(pg_temp.alerts(), 1::bigint, 'without another alert');

-- rejected
SELECT is(pg_temp.as_ann('price_conflict_reject', jsonb_build_object('id', pg_temp.conflict(), 'note', 'a misprint'))::json ->> 'state',
    'rejected', 'a person rejects it');
SELECT is((SELECT acknowledged_by FROM budget.alert WHERE type = 'price_conflict'), 'ann', 'which answers the alert');
SELECT is(pg_temp.force('c1'), '10/40 litellm verified', 'what is in force stays');
SELECT is(pg_temp.run(pg_temp.by('litellm', pg_temp.quote('c1', '7', '40')), pg_temp.by('genai-prices', pg_temp.quote('c1', '10', '40'))),
    'nothing', 'the same question is not asked again');
SELECT is(pg_temp.as_ann('price_conflict_reject', jsonb_build_object('id', pg_temp.conflict()))::json ->> 'note', 'a misprint',
    'the same decision again answers the same');
SELECT is(pg_temp.as_ann('price_conflict_approve', jsonb_build_object('id', pg_temp.conflict(), 'source', 'litellm')),
    'BG409 conflict_decided', 'another one comes too late');
SELECT is(pg_temp.run(pg_temp.by('litellm', pg_temp.quote('c1', '6', '40')), pg_temp.by('genai-prices', pg_temp.quote('c1', '10', '40'))),
    'conflict: 2 sources contradict each other: litellm 6/40, genai-prices 10/40', 'other figures ask again');
SELECT is(pg_temp.states() || ' ' || pg_temp.alerts(), 'rejected open 2', 'as a conflict and an alert of their own');

-- approved
SELECT is(pg_temp.as_ann('price_conflict_approve', jsonb_build_object('id', pg_temp.conflict())), 'BG422 missing_field /source',
    'whose price must be said');
SELECT is(pg_temp.as_ann('price_conflict_approve', jsonb_build_object('id', pg_temp.conflict(), 'source', 'openrouter')),
    'BG422 unknown_source /source', 'and be a candidate''s');
SELECT throws_ok(format('SELECT budget.price_conflict_approve(%L, ''{"if_match": "99"}'', %L)', budget.local_tenant(),
    jsonb_build_object('id', pg_temp.conflict(), 'source', 'litellm')), 'BG412', NULL, 'as it was seen');
SELECT throws_ok(format('SELECT budget.price_conflict_approve(%L, ''{}'', %L)', budget.uuid_v7(),
    jsonb_build_object('id', pg_temp.conflict(), 'source', 'litellm')), 'BG403', NULL, 'by the house alone');
SELECT is((pg_temp.as_ann('price_conflict_approve', jsonb_build_object('id', pg_temp.conflict(), 'source', 'LiteLLM', 'note', 'seen on the page'))::json
    -> 'price' ->> 'approved_by'), 'ann', 'a person approves a source');
SELECT is(pg_temp.force('c1') || ' ' || pg_temp.states(), '6/40 litellm verified rejected approved', 'its price is in force');
SELECT is((SELECT metadata ->> 'note' FROM budget.price_exactly('maker', 'c1', 'standard')), 'seen on the page', 'with the note');
SELECT is((SELECT string_agg(action, ' ' ORDER BY audit_id) FROM budget.audit_log WHERE actor = 'ann'),
    'price_conflict.reject price.approve price_conflict.approve', 'audited');
SELECT is(pg_temp.run(pg_temp.by('litellm', pg_temp.quote('c1', '6', '40')), pg_temp.by('genai-prices', pg_temp.quote('c1', '10', '40'))),
    'nothing', 'the sources that say the same ask no more');

-- a person's price
SELECT is(pg_temp.run(pg_temp.by('litellm', pg_temp.quote('c1', '6.3', '40'))),
    'conflict: litellm: +5 %, but a person approved the price in force', 'no feed replaces what a person approved');
SELECT is(pg_temp.force('c1'), '6/40 litellm verified', 'not by a little');
SELECT is((pg_temp.as_ann('price_conflict_approve', jsonb_build_object('id', pg_temp.conflict(), 'prices',
    '{"input_cost_per_token": 0.000005, "output_cost_per_token": 0.00003, "cache_read_cost_per_token": 0.0000005}'::jsonb))::json
    -> 'price' ->> 'source'), 'manual', 'figures of one''s own are approved too');
SELECT is(pg_temp.force('c1'), '5/30 manual verified', 'and in force');
SELECT is(pg_temp.run(pg_temp.by('litellm', pg_temp.quote('c1', '5', '30'))), 'nothing', 'sources that come round say nothing new');

-- many at once
DO $$ DECLARE run constant uuid := budget.uuid_v7(); BEGIN
    PERFORM budget.price_import(run, 'litellm', (SELECT jsonb_agg(pg_temp.quote('n' || n, '9000', '1')) FROM generate_series(1, 7) AS n),
        '{"chunk": 1, "chunks": 1}');
    PERFORM pg_temp.decide(run);
END $$;
SELECT matches((SELECT message FROM budget.alert WHERE type = 'price_conflict' ORDER BY alert_id DESC LIMIT 1),
    '^[78] price conflicts wait for review: budget prices conflicts$', 'many conflicts of a run are one alert');
SELECT is((SELECT count(*) FROM budget.price WHERE model LIKE 'n_' AND provider = 'maker'), 0::bigint, 'none is applied');
SELECT * FROM finish();
ROLLBACK;
