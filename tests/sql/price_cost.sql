-- The formula of usage_cost() and the bounds around it, against costs worked out by hand (rules 1 and 3).
BEGIN;
SELECT plan(38);

-- claude-sonnet-4-like: 3 / 15 per million, cache read 0.30, write 3.75 and 6, above 200,000 input 6 / 22.50, 0.60,
-- 7.50, 12.
CREATE TEMP TABLE sample AS SELECT (p).* FROM (SELECT jsonb_populate_record(NULL::budget.price, '{"price_type": "token",
    "input_cost_per_token": 0.000003, "output_cost_per_token": 0.000015, "cache_read_cost_per_token": 0.0000003,
    "cache_write_5m_cost_per_token": 0.00000375, "cache_write_1h_cost_per_token": 0.000006,
    "context_rates": [{"above_input_tokens": 200000, "input_cost_per_token": 0.000006,
        "output_cost_per_token": 0.0000225, "cache_read_cost_per_token": 0.0000006,
        "cache_write_5m_cost_per_token": 0.0000075, "cache_write_1h_cost_per_token": 0.000012}]}') AS p) AS j;

CREATE FUNCTION pg_temp.price(changes jsonb) RETURNS budget.price LANGUAGE sql AS $$
    SELECT jsonb_populate_record(NULL::budget.price, to_jsonb(s) || changes) FROM sample AS s
$$;
CREATE FUNCTION pg_temp.flat(changes jsonb DEFAULT '{}') RETURNS budget.price LANGUAGE sql AS $$
    SELECT jsonb_populate_record(NULL::budget.price, '{"price_type": "token"}' || changes)
$$;
CREATE FUNCTION pg_temp.cost(price budget.price, usage jsonb) RETURNS text LANGUAGE sql AS $$
    SELECT format('%s + %s = %s', coalesce(budget.decimal(c.input_cost)::text, 'null'),
        coalesce(budget.decimal(c.output_cost)::text, 'null'), coalesce(budget.decimal(c.cost)::text, 'null'))
    FROM budget.usage_cost(price, jsonb_populate_record(NULL::budget.token_usage, usage)) AS c
$$;

-- each class at its rate
SELECT is(pg_temp.cost(pg_temp.price('{}'), '{"input_tokens": 1000, "output_tokens": 500}'), '0.003 + 0.0075 = 0.0105',
    'input and output');
SELECT is(pg_temp.cost(pg_temp.price('{}'), '{}'), '0 + 0 = 0', 'nothing used costs nothing');
SELECT is(pg_temp.cost(pg_temp.price('{}'), '{"input_tokens": 7, "cache_read_tokens": 10000, "cache_write_5m_tokens": 2000,
    "cache_write_1h_tokens": 300, "output_tokens": 11, "reasoning_tokens": 100}'),
    '0.012321 + 0.001665 = 0.013986', 'cached tokens at their own rates, reasoning at the output rate');
SELECT is(pg_temp.cost(pg_temp.flat('{"input_cost_per_token": 0.0000025, "output_cost_per_token": 0.00001, "input_audio_cost_per_token": 0.00004,
    "output_audio_cost_per_token": 0.00008, "output_image_cost_per_token": 0.00003,
    "input_image_cost_per_token": 0.000005, "reasoning_cost_per_token": 0.00002}'), '{"input_tokens": 100,
    "input_audio_tokens": 10, "input_image_tokens": 4, "output_tokens": 20, "output_audio_tokens": 30,
    "output_image_tokens": 3, "reasoning_tokens": 5}'), '0.00067 + 0.00279 = 0.00346', 'audio,
    image and reasoning tokens at their own rates');

-- fallbacks
SELECT is(pg_temp.cost(pg_temp.flat('{"input_cost_per_token": 0.01, "output_cost_per_token": 0.1}'),
    jsonb_build_object(class, 3)), CASE WHEN class LIKE 'output%' OR class = 'reasoning_tokens' THEN '0 + 0.3 = 0.3'
    ELSE '0.03 + 0 = 0.03' END, class || ' without a rate of its own')
FROM unnest(ARRAY['cache_read_tokens', 'cache_write_5m_tokens', 'cache_write_1h_tokens', 'reasoning_tokens',
    'input_audio_tokens', 'output_audio_tokens', 'input_image_tokens', 'output_image_tokens']) AS class;
SELECT is(pg_temp.cost(pg_temp.flat('{"input_cost_per_token": 0.01, "output_cost_per_token": 0.1, "cache_write_5m_cost_per_token": 0.02}'),
    '{"cache_write_1h_tokens": 3}'), '0.06 + 0 = 0.06', 'the 1 h write falls back to the 5 min write');

-- context tiers hold for the whole request
SELECT is(pg_temp.cost(pg_temp.price('{}'), '{"input_tokens": 200000, "output_tokens": 1000}'), '0.6 + 0.015 = 0.615',
    'exactly at the edge: below');
SELECT is(pg_temp.cost(pg_temp.price('{}'), '{"input_tokens": 200001, "output_tokens": 1000}'),
    '1.200006 + 0.0225 = 1.222506', 'one above: the whole request');
SELECT is(pg_temp.cost(pg_temp.price('{}'), '{"input_tokens": 1, "cache_read_tokens": 200000, "output_tokens": 1000}'),
    '0.120006 + 0.0225 = 0.142506', 'cached input counts towards the edge');
SELECT is(pg_temp.cost(pg_temp.price('{"context_rates": [{"above_input_tokens": 100, "input_cost_per_token": 1}, {"above_input_tokens": 200, "input_cost_per_token": 2}]}'),
    '{"input_tokens": 201, "output_tokens": 1}'), '402 + 0.000015 = 402.000015',
    'the highest tier that is passed; what it does not name stays');

-- other units
SELECT is(pg_temp.cost(pg_temp.flat('{"price_type": "time", "cost_per_second": 0.0001}'),
    '{"seconds": 90.5, "input_tokens": 10}'), '0.00905 + 0 = 0.00905', 'by the second, tokens not billed');
SELECT is(pg_temp.cost(pg_temp.flat('{"price_type": "image", "cost_per_image": 0.04}'), '{"images": 3}'),
    '0 + 0.12 = 0.12', 'by the image');
SELECT is(pg_temp.cost(pg_temp.flat('{"price_type": "character", "input_cost_per_char": 0.000015, "output_cost_per_char": 0.00003}'),
    '{"characters": 2000, "output_characters": 100}'), '0.03 + 0.003 = 0.033', 'by the character');
SELECT is(pg_temp.cost(pg_temp.flat('{"price_type": "fixed", "fixed_cost_per_request": 0.005}'),
    '{"input_tokens": 10}'), '0.005 + 0 = 0.005', 'a fixed fee for one request');
SELECT is(pg_temp.cost(pg_temp.flat('{"price_type": "fixed", "fixed_cost_per_request": 0.005}'), '{"requests": 3}'),
    '0.015 + 0 = 0.015', 'and for three');
SELECT is(pg_temp.cost(pg_temp.flat('{"input_cost_per_token": 0, "output_cost_per_token": 0, "web_search_cost_per_request": 0.01}'), '{"web_searches": 2}'), '0.02 + 0 = 0.02', 'web searches');
SELECT is(pg_temp.cost(pg_temp.flat('{"price_type": "free"}'), '{"input_tokens": 10, "output_tokens": 20}'),
    '0 + 0 = 0', 'free is 0');

-- never a silent 0
SELECT is(pg_temp.cost(pg_temp.flat('{"input_cost_per_token": 0.01}'), '{"input_tokens": 1, "output_tokens": 1}'),
    '0.01 + null = null', 'a class without any rate makes it unpriced');
SELECT is(pg_temp.cost(pg_temp.flat('{"price_type": "time", "cost_per_second": 0.0001}'), '{"input_tokens": 10}'),
    '0 + 0 = null', 'a price per second without seconds is unpriced');
SELECT is(pg_temp.cost(NULL, '{"input_tokens": 10}'), 'null + 0 = null', 'no price, no cost');

-- every digit survives
SELECT is(pg_temp.cost(pg_temp.flat('{"input_cost_per_token": 0.000000000000000000000000000001, "output_cost_per_token": 0.1234567890123456789}'),
    '{"input_tokens": 999999999999, "output_tokens": 999999999999}'),
    '0.000000000000000000999999999999 + 123456789012.2222221109876543211 = 123456789012.222222110987654322099999999999', 'no digit is lost');

-- bounds
SELECT is(budget.cost_bound(pg_temp.price('{}'), 1000, 500), 0.0135::numeric,
    'bound: dearest input class (write 1 h) and output');
SELECT is(budget.cost_bound(pg_temp.price('{}'), 200001, 1000), 2.422512::numeric,
    'bound: at the tier of the whole request');
SELECT is(budget.cost_bound_bare(pg_temp.price('{}'), 1000), 0.015::numeric, 'bare bound: the dearest class of all');
SELECT is(budget.cost_bound(pg_temp.flat('{"input_cost_per_token": 0.01, "output_cost_per_token": 0.1, "reasoning_cost_per_token": 0.2, "fixed_cost_per_request": 5}'),
    10, 10), 7.1::numeric, 'bound: reasoning and the fee');
SELECT is(budget.cost_bound(NULL, 10, 10), NULL, 'no price, no bound');
SELECT is(budget.cost_estimate(pg_temp.price('{}'), 1001), 0.012015::numeric,
    'estimate: a quarter input, rounded down');
SELECT is(budget.tokens_that_fit(pg_temp.price('{}'), 1.0), 66666::bigint, 'what fits at the bare bound');
SELECT is(budget.tokens_that_fit(pg_temp.price('{}'), 3.5), 200000::bigint,
    'what fits stops at the edge of a dearer tier');
SELECT is(budget.tokens_that_fit(pg_temp.price('{}'), 9), 400000::bigint, 'what fits beyond the edge');

SELECT is_empty($$SELECT cost, n FROM (SELECT c * 0.0137 AS cost,
    budget.tokens_that_fit(pg_temp.price('{}'), c * 0.0137) AS n FROM generate_series(1, 700) AS c) f
    WHERE budget.cost_bound_bare(pg_temp.price('{}'), n) > cost
        OR budget.cost_bound_bare(pg_temp.price('{}'), n + 1) <= cost$$,
    'what fits is the largest count that fits, around the edge too');

SELECT * FROM finish();
ROLLBACK;
