-- The built-in catalogue as loaded: wide enough, whole, and quiet when it is loaded again.
BEGIN;
SELECT plan(35);
SELECT set_config('budget.tenant', budget.catalogue_tenant()::text, true);

SELECT cmp_ok((SELECT count(DISTINCT (provider, model)) FROM budget.price), '>=', 120::bigint, 'at least 120 models');
SELECT cmp_ok((SELECT count(DISTINCT provider) FROM budget.price), '>=', 12::bigint, 'of at least 12 providers');
SELECT cmp_ok((SELECT count(*) FROM budget.price WHERE cache_read_cost_per_token IS NOT NULL), '>=', 60::bigint,
    'with cache read rates');
SELECT cmp_ok((SELECT count(*) FROM budget.price WHERE service_tier = 'batch'), '>=', 30::bigint, 'with batch tiers');
SELECT cmp_ok((SELECT count(*) FROM budget.price WHERE context_rates IS NOT NULL), '>=', 20::bigint,
    'with context tiers');
SELECT cmp_ok((SELECT count(*) FROM budget.price WHERE price_type = 'free'), '>=', 10::bigint,
    'with free local models');
SELECT is_empty($$SELECT provider, model FROM budget.price WHERE source <> 'catalogue' OR metadata ->> 'as_of' IS NULL
    OR source_url IS NULL AND price_type <> 'free'$$, 'each with source and date');
SELECT is((SELECT jsonb_object_agg(model, verified) FROM budget.price WHERE provider = 'anthropic'
               AND model IN ('claude-3-opus', 'claude-3-sonnet') AND service_tier = 'standard'),
    '{"claude-3-opus": true, "claude-3-sonnet": false}', 'verified as the file says');
SELECT is_empty($$SELECT provider, model FROM budget.price WHERE price_type = 'token'
    AND (input_cost_per_token IS NULL OR output_cost_per_token IS NULL)$$,
    'every token price says both what input and what output costs');
SELECT is_empty($$SELECT provider, model FROM budget.price
    WHERE greatest(input_cost_per_token, output_cost_per_token) > 0.001$$,
    'no price is dearer than 1000 dollars per million: nothing was mistaken for a price per thousand');
SELECT is_empty($$SELECT a.provider, a.model FROM budget.price AS a JOIN budget.price AS b
    USING (tenant_id, provider, model, service_tier)
    WHERE a.pricing_id <> b.pricing_id AND tstzrange(a.effective_date, a.end_date) && tstzrange(b.effective_date,
        b.end_date)$$, 'ranges never overlap');
SELECT is_empty($$SELECT provider, model FROM budget.price WHERE model <> '*' EXCEPT SELECT provider, model
    FROM budget.model$$, 'every priced model is described');
SELECT is_empty($$SELECT provider, model FROM budget.model EXCEPT SELECT provider, model FROM budget.price$$,
    'every described model is priced');
SELECT is_empty($$SELECT price_provider, model FROM budget.model_alias EXCEPT SELECT provider, model
    FROM budget.price$$, 'every alias leads to a price');
SELECT is_empty($$SELECT provider, model, tier FROM budget.model WHERE tier IS NULL
    OR tier <> budget.tier_of(provider, model, model)$$,
    'the tier a model states is the tier it gets');

-- the names the original was seeded with
SELECT is((SELECT budget.decimal(p.input_cost_per_token * 1000000) || '/'
    || budget.decimal(p.output_cost_per_token * 1000000)
           FROM budget.model_resolve(budget.local_tenant(), t.provider, t.model) AS r,
                budget.price_at(budget.local_tenant(), r.price_provider, r.price_model, NULL, '2026-11-01Z') AS p),
                t.rates, t.model)
FROM (VALUES ('anthropic', 'claude-3-opus-20240229', '15/75'), ('anthropic', 'claude-3-sonnet-20240229', '3/15'),
    ('anthropic', 'claude-3-haiku-20240307', '0.25/1.25'), ('anthropic', 'claude-3-5-sonnet-20240620', '3/15'),
    ('anthropic', 'claude-3-7-sonnet-20250219', '3/15'), ('openai', 'gpt-4', '30/60'),
    ('openai', 'gpt-4-turbo', '10/30'), ('openai', 'gpt-4o', '2.5/10'), ('openai', 'gpt-3.5-turbo', '0.5/1.5'),
    ('ollama', 'llama3', '0/0'), ('ollama', 'llama3:8b-q4', '0/0'), ('simulated', 'simulated-standard', '0/0'),
    ('bedrock', 'us.anthropic.claude-sonnet-4-5-20250929-v1:0', '3.3/16.5'),
    ('bedrock', 'global.anthropic.claude-sonnet-4-5-20250929-v1:0', '3/15')) AS t (provider, model, rates);

-- loading
SELECT is(budget.catalogue_load('prices', E'provider,model,service_tier,above_input_tokens,from,input,output,cache_read,source_url,as_of,note\n'
    || E'# a comment\n\nnew,new-1,,,,2,8,,http://x,2026-01-01,\nnew,new-1,,100,,4,16,,,,\nnew,new-1,,,2026-02-01,1,4,0.1,http://x,2026-01-01,a note\r\n'),
    'catalogue prices: 2 rows, 2 changed', 'lines, comments, context tiers and history');
SELECT results_eq($$SELECT version, context_rates[1].input_cost_per_token, effective_date, end_date FROM budget.price
    WHERE provider = 'new' ORDER BY 1$$,
    $$VALUES (1, 0.000004, '2020-01-01Z'::timestamptz, '2026-02-01Z'::timestamptz), (2, NULL, '2026-02-01Z', NULL)$$,
    'as two prices, one after the other');
SELECT is(budget.catalogue_load('prices', E'provider,model,service_tier,above_input_tokens,from,input,output,cache_read,source_url,as_of,note\n'
    || E'new,new-1,,,,3,8,,http://x,2026-01-01,\nnew,new-1,,,2026-02-01,1,5,0.1,http://x,2026-03-01,\n'),
    'catalogue prices: 2 rows, 1 changed', 'a changed line');
SELECT results_eq($$SELECT version, budget.decimal(output_cost_per_token), end_date IS NULL FROM budget.price
    WHERE provider = 'new' ORDER BY 1$$,
    $$VALUES (1, 0.000008, false), (2, 0.000004, false), (3, 0.000005, true)$$,
    'closes the former price and opens a new one; the older past stays');
SELECT throws_like($$SELECT budget.catalogue_load('tiers',
    E'provider,model,tier\na,b,local_lightweight\na,b,local_midweight\n')$$,
    '%"a b" stands there twice, lines 2 and 3%', 'twins are named');
SELECT throws_like($$SELECT budget.catalogue_load('tiers', E'provider,model,tier\na,b\n')$$,
    '%line 2: 2 cells where the header has 3%', 'a torn line too');
SELECT * FROM finish();
ROLLBACK;
