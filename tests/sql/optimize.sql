-- Recommendations by the tenant's own traffic, at prices one can count in one's head. The catalogue steps aside.
BEGIN;
SELECT plan(41);
\ir ../harness/reprice.psql
DELETE FROM budget.price WHERE tenant_id = budget.catalogue_tenant();
DELETE FROM budget.price_offer WHERE tenant_id = budget.catalogue_tenant();
\set now 'clock_timestamp()'
CREATE FUNCTION pg_temp.model(model text, input numeric, output numeric, context bigint DEFAULT 100000,
    answer bigint DEFAULT 10000, skills text[] DEFAULT '{}', more jsonb DEFAULT '{}') RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_temp.call('price_set', jsonb_strip_nulls(jsonb_build_object('provider', 'acme', 'model', model,
        'input_cost_per_token', input, 'output_cost_per_token', output, 'tier', 'remote_heavyweight',
        'context_tokens', context, 'max_output_tokens', answer) || more));
    UPDATE budget.model m SET capabilities = skills, tier = coalesce(more ->> 'tier', m.tier)
    WHERE m.tenant_id = budget.tenant() AND m.model = "model".model;
END $$;
-- The items about a model of one kind: "savings percent now then".
CREATE FUNCTION pg_temp.hints(answer jsonb, kind text, model text DEFAULT 'big') RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(concat_ws(' ', i ->> 'savings', i ->> 'savings_percent', i ->> 'current_cost',
        i ->> 'estimated_cost'), '; ')
    FROM jsonb_array_elements(answer -> 'items') i WHERE i ->> 'kind' = kind AND i ->> 'model' = model
$$;
CREATE FUNCTION pg_temp.others(answer jsonb, model text DEFAULT 'big') RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(concat_ws(' ', r ->> 'model', r ->> 'savings', CASE r ->> 'local' WHEN 'true' THEN 'local' END),
        '; ' ORDER BY n)
    FROM jsonb_array_elements(answer -> 'items') i CROSS JOIN LATERAL jsonb_array_elements(i -> 'replacements')
        WITH ORDINALITY AS x (r, n)
    WHERE i ->> 'kind' = 'model' AND i ->> 'model' = others.model
$$;
CREATE FUNCTION pg_temp.suggested(answer jsonb) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(concat_ws(' ', i ->> 'model', i ->> 'estimated_cost', i ->> 'savings', i #>> '{usage,savings}',
        CASE i ->> 'local' WHEN 'true' THEN 'local' END), '; ' ORDER BY n)
    FROM jsonb_array_elements(answer -> 'items') WITH ORDINALITY AS x (i, n)
$$;
SELECT is(pg_temp.call('optimize') - '{start_time,end_time,days}'::text[], '{"items": [], "models": [], "records": 0,
    "currency": "USD", "is_complete": true,
    "reason": "No usage of a model with a known price in the last 30 days: there is nothing to compare."}',
    'an empty house has nothing to save, and is told why');
SELECT is(pg_temp.call('optimize', '{"days": 7}') ->> 'days', '7', 'a range of one''s own');

SELECT pg_temp.model('big', 0.010, 0.020, skills => '{vision,tools}') \g /dev/null
SELECT count(pg_temp.record('{"model": "big", "input_tokens": 2000, "output_tokens": 100}')) FROM generate_series(1, 3) \g /dev/null
SELECT is(pg_temp.call('optimize') ->> 'reason',
    'Nothing cheaper that is known can do the same work: other tiers may, name one with tier.', 'nothing else is there');
SELECT is((SELECT concat_ws(' ', m ->> 'model', m ->> 'tier', m ->> 'requests', m ->> 'input_tokens', m ->> 'output_tokens',
    m ->> 'current_cost', m ->> 'recorded_cost', m ->> 'longest_request_tokens', m ->> 'longest_answer_tokens')
    FROM jsonb_array_elements(pg_temp.call('optimize') -> 'models') m),
    'big remote_heavyweight 3 6000 300 66 66 2100 100', 'the traffic: 6,000 in at 0.01, 300 out at 0.02');

-- what may take its place, and what may not
SELECT pg_temp.model('small', 0.004, 0.008, skills => '{tools}') \g /dev/null
SELECT pg_temp.model('seer', 0.006, 0.006, skills => '{vision}') \g /dev/null
SELECT pg_temp.model('dear', 0.010, 0.030) \g /dev/null
SELECT pg_temp.model('same', 0.010, 0.020) \g /dev/null
SELECT pg_temp.model('narrow', 0.001, 0.001, 2099) \g /dev/null
SELECT pg_temp.model('terse', 0.001, 0.001, 100000, 99) \g /dev/null
SELECT pg_temp.model('unknown', 0.001, 0.001, NULL, NULL) \g /dev/null
SELECT pg_temp.model('other-tier', 0.001, 0.001, more => '{"tier": "local_midweight"}') \g /dev/null
SELECT pg_temp.model('embedder', 0.001, 0.001) \g /dev/null
UPDATE budget.model SET mode = 'embedding' WHERE tenant_id = :tenant AND model = 'embedder';
SELECT pg_temp.model('mine', NULL, NULL, more => '{"price_type": "free"}') \g /dev/null
SELECT pg_temp.call('optimize') AS answer \gset
SELECT is(pg_temp.others(:'answer'), 'small 39.6; seer 28.2; mine 66 local',
    'cheaper ones of its tier and mode that can do the work; the free local one is last and marked');
SELECT is(pg_temp.hints(:'answer', 'model'), '39.6 60.00 66 26.4', '6,000 at 0.004 and 300 at 0.008 are 26.4');
SELECT is(:'answer'::jsonb #>> '{items,0,replacements,0,missing_capabilities}', '["vision"]',
    'what the present model can besides is said');
SELECT is(pg_temp.others(pg_temp.call('optimize', '{"capability": "vision"}')), 'seer 28.2',
    'what must be there is asked for');
SELECT is(pg_temp.others(pg_temp.call('optimize', '{"tier": "local_midweight"}')), 'other-tier 59.7',
    'another tier on demand');
SELECT is(:'answer'::jsonb ->> 'reason', NULL, 'no reason is needed then');
SELECT is(pg_temp.call('optimize', '{"limit": 0}') -> 'items', '[]', 'as many as wanted');
SELECT is(pg_temp.call('optimize', '{"model": "nobody"}') -> 'items', '[]', 'filters: model');
SELECT is(pg_temp.others(pg_temp.call('optimize', '{"model": "BIG"}')), 'small 39.6; seer 28.2; mine 66 local',
    'in any case');
SELECT pg_temp.call('budget_create', '{"name": "child"}') ->> 'budget_id' AS child \gset
SELECT is(pg_temp.call('optimize', jsonb_build_object('budget_id', :'child')) -> 'models', '[]', 'budget');
SELECT is(pg_temp.call('optimize', '{}', jsonb_build_object('key_budget_id', :'child')) -> 'models', '[]',
    'that of the key');

-- batch: half the price
SELECT pg_temp.price('big', 0.005, 0.010, NULL, 'batch') \g /dev/null
SELECT is(pg_temp.hints(pg_temp.call('optimize'), 'batch'), '33 50.00 66 33', 'work that can wait');
SELECT pg_temp.record('{"model": "big", "service_tier": "batch", "input_tokens": 2000, "output_tokens": 100}') #>> '{body,total_cost}' AS cost \gset
SELECT is(:'cost'::text, '11', 'one that did wait');
SELECT is(pg_temp.hints(pg_temp.call('optimize'), 'batch'), '33 42.86 77 44', 'has nothing more to save');

-- cache: a tenth of the price; half of the input at most
SELECT is(pg_temp.hints(pg_temp.call('optimize'), 'cache'), NULL, 'without a rate for it there is no hint');
SELECT pg_temp.model('big', 0.010, 0.020, skills => '{vision,tools}', more => '{"cache_read_cost_per_token": 0.001}') \g /dev/null
SELECT pg_temp.price('big', 0.005, 0.010, :now - interval '1 second', 'batch') \g /dev/null
DELETE FROM budget.price WHERE tenant_id = :tenant AND model = 'big' AND service_tier = 'batch';
DELETE FROM budget.usage_record WHERE tenant_id = :tenant AND service_tier = 'batch';
SELECT is(pg_temp.hints(pg_temp.call('optimize'), 'cache'), '27 40.91 66 39', '3,000 of 6,000 for 0.009 less');
SELECT pg_temp.record('{"model": "big", "cache_read_tokens": 4000}') #>> '{body,total_cost}' AS cost \gset
SELECT is(pg_temp.hints(pg_temp.call('optimize'), 'cache'), '9 12.86 70 61', '4,000 of 10,000 are: 1,000 more is half');
SELECT is((SELECT concat_ws(' ', i ->> 'cached_share', i ->> 'cacheable_tokens', i ->> 'is_upper_bound')
    FROM jsonb_array_elements(pg_temp.call('optimize') -> 'items') i WHERE i ->> 'kind' = 'cache'), '0.4 1000 true',
    'with the share, and that it is at most');
SELECT is((SELECT string_agg(i ->> 'kind',
    ' ' ORDER BY n) FROM jsonb_array_elements(pg_temp.call('optimize') -> 'items')
    WITH ORDINALITY x (i, n)), 'model cache', 'the largest saving is first');
SELECT pg_temp.record('{"model": "big", "cache_read_tokens": 2000}') \g /dev/null
SELECT is(pg_temp.hints(pg_temp.call('optimize'), 'cache'), NULL, 'half is enough');
DELETE FROM budget.usage_record WHERE tenant_id = :tenant AND cache_read_tokens > 0;

-- images need eyes
SELECT pg_temp.record('{"model": "big", "input_tokens": 1000, "input_image_tokens": 1000}') \g /dev/null
SELECT is(pg_temp.others(pg_temp.call('optimize')), 'seer 36.2', 'what looked at images is replaced by what can');
DELETE FROM budget.usage_record WHERE tenant_id = :tenant AND input_image_tokens > 0;

-- context tiers: above 1,000 tokens of input everything is twice as dear
SELECT pg_temp.model('tiered', 0.010, 0.020, more => '{"context_rates": [{"above_input_tokens": 1000, "input_cost_per_token": 0.02,
    "output_cost_per_token": 0.04}]}') \g /dev/null
SELECT pg_temp.record('{"model": "tiered", "input_tokens": 1000, "output_tokens": 10}') \g /dev/null
SELECT pg_temp.record('{"model": "tiered", "input_tokens": 1001, "output_tokens": 10}') \g /dev/null
SELECT is((SELECT concat_ws(' ', m ->> 'current_cost', m ->> 'recorded_cost') FROM jsonb_array_elements(pg_temp.call('optimize') -> 'models') m
    WHERE m ->> 'model' = 'tiered'), '30.62 30.62', '10.2 below and 20.42 above: as the records have it');
SELECT is(pg_temp.hints(pg_temp.call('optimize'), 'model', 'tiered'), '28.599 93.40 30.62 2.021',
    '2,001 and 20 at 0.001');
DELETE FROM budget.usage_record WHERE tenant_id = :tenant AND shape_id IN (SELECT shape_id FROM budget.shape WHERE tenant_id = :tenant AND model = 'tiered');

-- what the records say follows corrections; what is compared is the price of now
SELECT pg_temp.call('price_set', '{"provider": "acme", "model": "big", "input_cost_per_token": 0.02, "output_cost_per_token": 0.02}') \g /dev/null
SELECT is((SELECT concat_ws(' ', m ->> 'current_cost', m ->> 'recorded_cost') FROM jsonb_array_elements(pg_temp.call('optimize') -> 'models') m),
    '126 66', 'a price that rose');
SELECT pg_temp.reprice('{"price": "current"}') \g /dev/null
SELECT is((SELECT concat_ws(' ', m ->> 'current_cost', m ->> 'recorded_cost') FROM jsonb_array_elements(pg_temp.call('optimize') -> 'models') m),
    '126 126', 'and a correction');
SELECT pg_temp.record('{"model": "no-price", "input_tokens": 5}') \g /dev/null
SELECT is(jsonb_array_length(pg_temp.call('optimize') -> 'models'), 1, 'a model without a price cannot be compared');

-- recommendations: one request of 2,000 in and 100 out, and what the last month would have cost
SELECT pg_temp.call('price_recommend', '{"provider": "acme", "model": "big", "context_size": 2000, "output_size": 100}') AS answer \gset
SELECT is(pg_temp.suggested(:'answer'), 'small 8.8 33.2 99.6; seer 12.6 29.4 88.2; same 22 20 60; dear 23 19 57; mine 0 42 126 local',
    'each with its saving on one request and on the traffic');
SELECT is((SELECT concat_ws(' ', u ->> 'requests', u ->> 'input_tokens', u ->> 'output_tokens', u ->> 'current_cost', u ->> 'days',
    u ->> 'is_complete') FROM (SELECT :'answer'::jsonb -> 'usage') x (u)), '3 6000 300 126 30 true', 'which is shown');
SELECT is(pg_temp.suggested(pg_temp.call('price_recommend',
    '{"provider": "acme", "model": "big", "context_size": 100, "output_size": 10, "limit": 2}')),
    'narrow 0.11 2.09; terse 0.11 2.09', 'where the longest request of the month would not fit there is no such saving');
SELECT is(pg_temp.suggested(pg_temp.call('price_recommend',
    '{"model": "big", "provider": "acme", "capability": "vision, tools"}')), NULL,
    'none that lacks what is asked for');
SELECT is(pg_temp.suggested(pg_temp.call('price_recommend',
    '{"tier": "remote_heavyweight", "context_size": 100, "output_size": 10, "max_cost": 0.5, "limit": 3}')),
    'narrow 0.11; terse 0.11; small 0.48', 'without a model: what a request costs at most');

-- the same list in refusals and checks
SELECT pg_temp.policy('{"type": "hard_limit", "period": "yearly", "cost_limit": 140}') \g /dev/null
CREATE FUNCTION pg_temp.named(item jsonb) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(a ->> 'model', ' ' ORDER BY n) FROM jsonb_array_elements(pg_temp.quote('{"estimated_tokens": null}' || item) -> 'alternatives')
        WITH ORDINALITY x (a, n)
$$;
SELECT is(pg_temp.named('{"model": "big", "input_tokens": 2000, "max_output_tokens": 100}'), 'small seer mine',
    'check names what could serve the request');
SELECT is(pg_temp.named('{"model": "big", "input_tokens": 1000, "max_output_tokens": 90}'), 'narrow terse small',
    'a smaller one more');
SELECT is(pg_temp.named('{"model": "big", "input_tokens": 90, "max_output_tokens": 20000}'), NULL,
    'an answer that long nobody gives');
SELECT is(pg_temp.named('{"model": "big", "input_tokens": 99990, "max_output_tokens": 100}'), NULL,
    'no window is that wide');
SELECT is(pg_temp.named('{"model": "big", "estimated_tokens": 1000}'), 'narrow terse seer',
    'a bare count may be many answers');
SELECT is((SELECT string_agg(a ->> 'model', ' ' ORDER BY n) FROM jsonb_array_elements(pg_temp.reserve(
    '{"model": "big", "input_tokens": 2000, "max_output_tokens": 100}') #> '{body,alternatives}') WITH ORDINALITY x (a, n)),
    'small seer mine', 'and so does a refusal');
SELECT * FROM finish();
ROLLBACK;
