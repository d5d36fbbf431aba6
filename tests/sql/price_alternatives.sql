-- Cheaper models of the same tier that fit, for refusals; tiers of models by name.
BEGIN;
SELECT plan(20);
SELECT set_config('budget.tenant', budget.local_tenant()::text, true);
CREATE FUNCTION pg_temp.offers(provider text, model text, input bigint, output bigint, cost numeric,
    most integer DEFAULT 3)
RETURNS TABLE (provider text, model text, cost numeric, place bigint) LANGUAGE sql AS $$
    SELECT i ->> 'provider', i ->> 'model', (i ->> 'estimated_cost')::numeric, n
    FROM json_array_elements(budget.alternatives(budget.local_tenant(), provider, model, input, output, cost,
        most)) WITH ORDINALITY AS t (i, n)
$$;
SELECT is((SELECT count(*) FROM pg_temp.offers('openai', 'gpt-5', 1000, 1000, NULL)), 3::bigint, 'three at most');
SELECT is_empty($$SELECT * FROM pg_temp.offers('openai', 'gpt-5', 1000, 1000, NULL, 20) AS o JOIN budget.model AS m
    USING (provider, model)
    WHERE m.tier <> 'remote_heavyweight' OR m.mode <> 'chat'$$, 'of the same tier and mode');
SELECT is_empty($$SELECT * FROM pg_temp.offers('openai', 'gpt-5', 1000, 1000, NULL, 20) WHERE cost >= 0.01125$$,
    'all cheaper');
SELECT is((SELECT array_agg(cost ORDER BY place) = array_agg(cost ORDER BY cost)
    FROM pg_temp.offers('openai', 'gpt-5', 1000, 1000, NULL, 20)), true, 'cheapest first');
SELECT is_empty($$SELECT o.cost FROM pg_temp.offers('anthropic', 'claude-opus-4-1', 5000, 777, NULL, 20) AS o
    JOIN LATERAL budget.price_at(budget.local_tenant(), o.provider, o.model, NULL, now()) AS p ON true
    WHERE o.cost <> budget.cost_estimate(p, 5000, 777)$$, 'at the price they would really have');
SELECT is_empty($$SELECT o.cost FROM pg_temp.offers('anthropic', 'claude-opus-4-1', 5000, 777, 0.01, 20) AS o
    JOIN LATERAL budget.price_at(budget.local_tenant(), o.provider, o.model, NULL, now()) AS p ON true
    WHERE budget.cost_bound(p, 5000, 777) > 0.01$$, 'and a hold of them would fit');
SELECT is_empty($$SELECT * FROM pg_temp.offers('openai', 'gpt-5-mini', 150000, 1000, NULL,
    50) AS o JOIN budget.model AS m USING (provider, model)
    WHERE m.context_tokens < 151000$$, 'none that cannot take the context');
SELECT is_empty($$SELECT o.cost FROM pg_temp.offers('anthropic', 'claude-opus-4-1', 250000, 1000, NULL, 20) AS o
    JOIN LATERAL budget.price_at(budget.local_tenant(), o.provider, o.model, NULL, now()) AS p ON true
    WHERE o.cost <> budget.cost_estimate(p, 250000, 1000)$$, 'context tiers are priced');
SELECT is((SELECT bool_and(cost = 0) FROM pg_temp.offers('openai', 'gpt-5-mini', 1000, 1000, 0)), true,
    'with nothing left, only free local ones');
SELECT is((SELECT min(place) > 1 FROM pg_temp.offers('openai', 'gpt-5-mini', 1000, 1000, NULL, 100) WHERE cost = 0),
    true, 'which otherwise come last');
SELECT is(budget.alternatives(budget.local_tenant(), 'openai', 'gpt-5', 1000, 1000, 0)::text, '[]',
    'nothing is an empty list');

-- the tenant's own prices
SELECT lives_ok($$SELECT budget.price_set(budget.local_tenant(), '{}',
    '{"provider": "ours", "model": "big", "tier": "remote_heavyweight", "input_cost_per_token": 0.000000001, "output_cost_per_token": 0.000000001, "context_tokens": 100000}'),
    budget.price_set(budget.local_tenant(), '{}',
    '{"provider": "deepseek", "model": "deepseek-v4-pro", "input_cost_per_token": 1, "output_cost_per_token": 1}')$$,
    'prices of one''s own');
SELECT is((SELECT provider || ' ' || model FROM pg_temp.offers('openai', 'gpt-5', 1000, 1000, NULL) WHERE place = 1),
    'ours big', 'are offered');
SELECT is_empty($$SELECT * FROM pg_temp.offers('openai', 'gpt-5', 1000, 1000, NULL, 50)
    WHERE (provider, model) = ('deepseek', 'deepseek-v4-pro')$$, 'and hide the catalogue''s');

-- tiers
SELECT is(budget.tier_of(p, m, c), t, concat_ws(' ', 'tier of', p, m)) FROM (VALUES
    ('anthropic', 'Claude-3-Haiku', NULL, 'local_midweight'),
    ('anthropic', 'claude-3-haiku-20240307', 'claude-3-haiku', 'local_midweight'),
    ('openai', 'gpt-4o', 'gpt-4o', 'remote_heavyweight'),
    ('ollama', 'codellama', NULL, 'local_lightweight'),
    ('openai', 'gpt-9-unheard-of', NULL, 'remote_heavyweight'),
    ('nobody', 'nothing-known', NULL, 'remote_heavyweight')) AS v (p, m, c, t);
SELECT * FROM finish();
ROLLBACK;
