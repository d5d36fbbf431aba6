-- Prices of one's own: they close the former, win over the catalogue, keep every digit, and leave the past alone (rules
-- 1 and 3).
BEGIN;
SELECT plan(37);
CREATE FUNCTION pg_temp.set_price(args jsonb) RETURNS budget.reply LANGUAGE sql AS $$
    SELECT budget.price_set(budget.local_tenant(), '{"actor": "ann", "role": "manager"}', args)
$$;
CREATE FUNCTION pg_temp.refusal(args jsonb) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    code text;
    pointer text;
BEGIN
    PERFORM pg_temp.set_price(args);
    RETURN 'accepted';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS code = CONSTRAINT_NAME, pointer = COLUMN_NAME;
    RETURN concat_ws(' ', SQLSTATE, code, pointer);
END $$;
CREATE FUNCTION pg_temp.rate(model text, at timestamptz DEFAULT clock_timestamp(),
    tier text DEFAULT NULL) RETURNS text LANGUAGE sql AS $$
    SELECT budget.decimal(p.input_cost_per_token)::text
        FROM budget.price_at(budget.local_tenant(), 'openai', model, tier, at) AS p
$$;
CREATE TEMP TABLE epoch AS SELECT price_epoch AS was FROM budget.tenant WHERE tenant_id = budget.local_tenant();

-- one of one's own
SELECT is(r.status, NULL, 'a first price is created')
    FROM pg_temp.set_price('{"provider": "OpenAI", "model": "My-Model",
    "input_cost_per_token": 0.000001234567890123456789, "output_cost_per_token": 0.000002,
    "cache_read_cost_per_token": 0.0000005, "note": "by contract", "context_tokens": 1000}') AS r;
SELECT is(pg_temp.rate('my-model'), '0.000001234567890123456789', 'with every digit');
SELECT is((SELECT price_epoch - was FROM budget.tenant, epoch WHERE tenant_id = budget.local_tenant()), 1::bigint,
    'plans made before are stale');
SELECT is((SELECT action || ' ' || actor FROM budget.audit_log ORDER BY audit_id DESC LIMIT 1), 'price.create ann',
    'and it is audited');
SELECT is((SELECT display_name || ' ' || tier || ' ' || context_tokens FROM budget.model WHERE model = 'my-model'),
    'My-Model remote_heavyweight 1000', 'the model is described');
SELECT is(r.status, 200, 'the same price again changes nothing')
    FROM pg_temp.set_price('{"provider": "openai", "model": "my-model",
    "input_cost_per_token": 0.0000012345678901234567890, "output_cost_per_token": 0.000002,
    "cache_read_cost_per_token": 0.0000005}') AS r;
SELECT is((SELECT count(*) FROM budget.price WHERE model = 'my-model'), 1::bigint, 'no second row');
SELECT results_eq($$SELECT r.status, r.body ->> 'version',
    r.body -> 'changes' -> 'input_cost_per_token' ->> 'change_percent'
    FROM pg_temp.set_price('{"provider": "openai", "model": "my-model", "input_cost_per_token": 0.0000024691357802469136, "output_cost_per_token": 0.000002}') AS r$$,
    $$VALUES (NULL::integer, '2', '100.00')$$, 'another price says what changed');
SELECT results_eq($$SELECT version, end_date IS NULL FROM budget.price WHERE model = 'my-model' ORDER BY 1$$,
    $$VALUES (1, false), (2, true)$$, 'the former is closed');
SELECT is((SELECT a.end_date = b.effective_date FROM budget.price AS a, budget.price AS b WHERE a.model = 'my-model'
    AND b.model = 'my-model'
           AND a.version = 1 AND b.version = 2), true, 'at the instant the next begins');

-- beside the catalogue
SELECT is(pg_temp.rate('gpt-4o'), '0.0000025', 'the catalogue''s price holds');
SELECT lives_ok($$SELECT pg_temp.set_price('{"provider": "openai", "model": "gpt-4o", "input_cost_per_token": 0.000001, "output_cost_per_token": 0.000005}')$$, 'until one sets one''s own');
SELECT is(pg_temp.rate('gpt-4o'), '0.000001', 'which wins');
SELECT is(pg_temp.rate('gpt-4o', '2025-01-01Z'), '0.0000025', 'from its date on');
SELECT is(pg_temp.rate('gpt-4o', tier => 'batch'), '0.000001', 'for the other service tiers too');
SELECT is((SELECT budget.decimal(p.input_cost_per_token)::text
    FROM budget.price_at(budget.catalogue_tenant(), 'openai', 'gpt-4o', NULL, clock_timestamp()) AS p), '0.0000025',
        'and for nobody else');
SELECT is(pg_temp.rate('gpt-5', tier => 'batch'), '0.000000625', 'a service tier with a price of its own has that');
SELECT is(pg_temp.rate('gpt-4', tier => 'flex'), '0.00003', 'one without falls back to standard');
SELECT results_eq($$SELECT i ->> 'scope', i ->> 'input_cost_per_token'
    FROM json_array_elements((budget.price_list(budget.local_tenant(), '{}',
    '{"provider": "openai", "model": "gpt-4o-2024-08-06", "service_tier": "standard"}')).body -> 'items') AS i$$,
    $$VALUES ('tenant', '0.000001')$$, 'the list shows the one that holds, found by a dated name');
SELECT is((budget.price_retire(budget.local_tenant(), '{}',
    jsonb_build_object('id', pricing_id))).body ->> 'end_date' IS NOT NULL, true, 'it can be ended')
    FROM budget.price WHERE tenant_id = budget.local_tenant() AND model = 'gpt-4o';
SELECT is(pg_temp.rate('gpt-4o', clock_timestamp() + interval '1 second'), '0.0000025',
    'then the catalogue holds again');

-- dates
SELECT lives_ok($$SELECT pg_temp.set_price('{"provider": "openai", "model": "my-model", "input_cost_per_token": 0.000009, "output_cost_per_token": 0,
    "effective_date": "2099-01-01T00:00:00Z"}')$$, 'a price of the future');
SELECT is(pg_temp.rate('my-model', '2098-12-31T23:59:59.999999Z') || ' ' || pg_temp.rate('my-model', '2099-01-01Z'),
    '0.0000024691357802469136 0.000009', 'begins on its day');
SELECT is(pg_temp.refusal('{"provider": "openai", "model": "my-model", "input_cost_per_token": 1, "output_cost_per_token": 0, "effective_date": "2099-01-01T00:00:00Z"}'),
    'BG409 price_exists /effective_date', 'two prices cannot begin at one instant');
SELECT lives_ok($$SELECT pg_temp.set_price('{"provider": "openai", "model": "my-model", "input_cost_per_token": 0.000003, "output_cost_per_token": 0}')$$, 'a price of now before one of the future');
SELECT is_empty($$SELECT a.model FROM budget.price AS a JOIN budget.price AS b
    USING (tenant_id, provider, model, service_tier)
    WHERE a.pricing_id <> b.pricing_id AND tstzrange(a.effective_date, a.end_date) && tstzrange(b.effective_date,
        b.end_date)$$, 'whatever was set, ranges do not overlap');
SELECT is((budget.price_history(budget.local_tenant(), '{}',
    '{"provider": "openai", "model": "my-model"}')).body ->> 'total', '4', 'the history has them all');

-- what is refused
SELECT is(pg_temp.refusal(args::jsonb), code, code) FROM (VALUES
    ('{"provider": "p", "model": "m"}', 'BG422 missing_field /input_cost_per_token'),
    ('{"provider": "p", "model": "m", "input_cost_per_token": 1}', 'BG422 missing_field /output_cost_per_token'),
    ('{"provider": "p", "model": "m", "price_type": "time", "cost_per_image": 1}',
    'BG422 missing_field /cost_per_second'), ('{"provider": "p", "model": "m", "price_type": "free", "input_cost_per_token": 1}', 'BG422 price_not_free /price_type'),
    ('{"provider": "p", "model": "m", "currency": "EUR", "input_cost_per_token": 1, "output_cost_per_token": 1}',
    'BG422 currency_mismatch /currency'), ('{"provider": "p", "model": "m", "input_cost_per_token": 1, "output_cost_per_token": 1, "context_rates": [{"above_input_tokens": 5}, {"above_input_tokens": 5}]}',
        'BG422 duplicate_context_rate /context_rates')) AS v (args, code);

-- units and free ones
SELECT matches((pg_temp.set_price('{"provider": "p", "model": "per-1k", "input_cost_per_token": 0.015, "output_cost_per_token": 0.075}')).body ->> 'warnings',
    '75000 a million', 'a price that smells of another unit is set, with a warning');
SELECT is((pg_temp.set_price('{"provider": "p", "model": "gift", "price_type": "free"}')).body ->> 'price_type',
    'free', 'free is said');
SELECT is(f.cost, 0::numeric, 'and costs 0') FROM budget.price_at(budget.local_tenant(), 'p', 'gift', NULL,
    clock_timestamp()) AS p
    CROSS JOIN LATERAL budget.usage_cost(p, ROW(10, 0, 0, 0, 10, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0,
        0)::budget.token_usage) AS f;
SELECT throws_like($$SELECT budget.price_calculate(budget.local_tenant(), '{}',
    '{"provider": "openai", "model": "gpt-5o-mini", "input_tokens": 1}')$$, '%did you mean%gpt-5-mini%',
    'an unknown model is no 0: the nearest names');
SELECT * FROM finish();
ROLLBACK;
