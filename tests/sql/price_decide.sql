-- What quotes of sources do to prices: agreement, first prices, tolerance, conflicts, outliers, units, people first.
BEGIN;
SELECT plan(67);
\ir ../harness/prices.psql
\set QUIET on
-- LiteLLM 0.9, LLMPrices, OpenRouter, genai-prices, llm-prices 0.8, Pretrained.ai 0.7, file 1

-- first prices
SELECT is(pg_temp.run(pg_temp.by('litellm', pg_temp.quote('m1', '3', '15'))), 'first: first price, by litellm alone',
    'a first price of one trusted source is applied');
SELECT is(pg_temp.force('m1'), '3/15 litellm', 'as what one alone says: not verified');
SELECT is((SELECT i ->> 'model' FROM json_array_elements((budget.price_list(budget.local_tenant(), '{}',
    '{"provider": "maker", "verified": false}')).body -> 'items') AS i), 'm1', 'and listed as such');
SELECT is((SELECT mode || ' ' || context_tokens FROM budget.model WHERE provider = 'maker' AND model = 'm2'), NULL,
    'a model nobody knows');
SELECT is(pg_temp.run(pg_temp.by('litellm', pg_temp.quote('m2', '1', '2', '{"mode": "embedding", "context_tokens": 8192,
    "capabilities": ["tools"]}'))), 'first: first price, by litellm alone', 'is created');
SELECT is((SELECT mode || ' ' || context_tokens || ' ' || capabilities::text FROM budget.model WHERE provider = 'maker'
    AND model = 'm2'), 'embedding 8192 {tools}', 'with mode, context and capabilities');
SELECT is(pg_temp.run(pg_temp.by('pretrainedai', pg_temp.quote('m3', '1', '2'))),
    'conflict: first price, by pretrainedai alone, whose trust of 0.7 is below 0.8', 'below the bar it is not applied');
SELECT is(pg_temp.force('m3'), NULL, 'and has no price');
SELECT is(pg_temp.run(pg_temp.by('litellm', pg_temp.quote('m4', '3', '15')),
    pg_temp.by('llm-prices', pg_temp.quote('m4', '3.1', '15'))), 'first: first price, litellm, llm-prices agree',
    'two that agree');
SELECT is(pg_temp.force('m4'), '3/15 litellm verified', 'are believed: the most trusted one''s figures, verified');
SELECT is(pg_temp.run(pg_temp.by('litellm', pg_temp.quote('m5', '3', '15')),
    pg_temp.by('llm-prices', pg_temp.quote('m5', '4', '15'))), 'conflict: 2 sources contradict each other: litellm 3/15, llm-prices 4/15',
    'two that do not are a conflict');
SELECT is(pg_temp.force('m5'), NULL, 'and nothing is applied');
SELECT is(pg_temp.run(pg_temp.by('litellm', pg_temp.quote('m5', '3', '15')),
    pg_temp.by('llm-prices', pg_temp.quote('m5', '3', '15'))), 'first: first price, litellm, llm-prices agree',
    'until they agree');
SELECT is((SELECT state FROM budget.price_conflict WHERE model = 'm5'), 'settled', 'which settles the conflict');

-- later
SELECT is(pg_temp.run(pg_temp.by('litellm', pg_temp.quote('m1', '3', '15'))), 'nothing', 'the same again changes nothing');
SELECT is((SELECT count(*) FROM budget.price WHERE provider = 'maker' AND model = 'm1'), 1::bigint, 'no second row');
SELECT is(pg_temp.run(pg_temp.by('litellm', pg_temp.quote('m1', '3.3', '15'))),
    'applied: litellm: +10 %, within the tolerance', 'a change by one source up to the tolerance is applied');
SELECT is(pg_temp.run(pg_temp.by('litellm', pg_temp.quote('m1', '4', '15'))),
    'conflict: litellm alone says +21.21 % (input 4 and 3.3 a million): more than the tolerance of 10 %', 'beyond it is a conflict');
SELECT is(pg_temp.force('m1'), '3.3/15 litellm', 'that is not applied');
SELECT is(pg_temp.run(pg_temp.by('litellm', pg_temp.quote('m1', '4', '15')),
    pg_temp.by('genai-prices', pg_temp.quote('m1', '4', '15'))), 'applied: litellm, genai-prices agree: +21.21 %',
    'several that agree may change more');
SELECT is(pg_temp.force('m1'), '4/15 litellm verified', 'verified');
SELECT is(pg_temp.run(pg_temp.by('litellm', pg_temp.quote('m2', '1', '2')),
    pg_temp.by('genai-prices', pg_temp.quote('m2', '1', '2'))), 'verified: litellm, genai-prices agree with what is in force',
    'one that joins in verifies what is in force');
SELECT is(pg_temp.run(pg_temp.by('litellm', pg_temp.quote('m4', '3', '15')),
    pg_temp.by('llm-prices', pg_temp.quote('m4', '3', '15', '{"cache_read_cost_per_token": "0.0000003"}'))),
    'applied: litellm, llm-prices: classes that had no rate', 'a class that had no rate is added');
SELECT is((SELECT budget.decimal(p.cache_read_cost_per_token) || ' ' || p.verified
    FROM budget.price_exactly('maker', 'm4', 'standard') AS p), '0.0000003 true', 'beside the others');
SELECT is(pg_temp.run(pg_temp.by('litellm', pg_temp.quote('m4', '3', '15')),
    pg_temp.by('llm-prices', pg_temp.quote('m4', '3', '15'))), 'nothing', 'and kept by those who do not name it');

-- outliers and units
SELECT is(pg_temp.run(pg_temp.by('litellm', pg_temp.quote('m2', '3', '6')),
    pg_temp.by('genai-prices', pg_temp.quote('m2', '3', '6'))),
    'outlier: litellm, genai-prices: 3 times or more off the price in force: input 3 and 1 a million', 'three times off is reviewed, though two agree');
SELECT is(pg_temp.force('m2'), '1/2 litellm verified', 'and not applied');
SELECT is(pg_temp.run(pg_temp.by('litellm', pg_temp.quote('m6', '3', '15')),
    pg_temp.by('genai-prices', pg_temp.quote('m6', '3', '15')), pg_temp.by('openrouter', pg_temp.quote('m6', '3', '15')),
    pg_temp.by('file', pg_temp.quote('m6', '3', '15')), pg_temp.by('pretrainedai', pg_temp.quote('m6', '30', '15'))),
    'first: first price, file, litellm, genai-prices, openrouter agree', 'one far off stops nobody who agrees');
SELECT is((SELECT kind || ' ' || state FROM budget.price_conflict WHERE model = 'm6'), 'outlier open', 'but is listed');
SELECT is(pg_temp.run(pg_temp.by('litellm', pg_temp.quote('m4', '0.003', '0.015')),
    pg_temp.by('llm-prices', pg_temp.quote('m4', '0.003', '0.015'))),
    'outlier: looks like a price of another unit (per 1,000 or per million): litellm, llm-prices',
    'a thousandth looks like another unit');
SELECT is(pg_temp.run(pg_temp.by('litellm', pg_temp.quote('m7', '10000', '20000'))),
    'outlier: looks like a price of another unit (per 1,000 or per million): litellm', 'so does a first price of 0.01 a token');
SELECT is(pg_temp.run(pg_temp.by('litellm', pg_temp.quote('m8', '3', '15')),
    pg_temp.by('llm-prices', pg_temp.quote('m8', '3000', '15000'))),
    'outlier: looks like a price of another unit (per 1,000 or per million): litellm', 'and two that are a thousand times apart');
SELECT is(pg_temp.force('m7') || pg_temp.force('m8'), NULL, 'none of them is applied');

-- people first
SELECT is((SELECT pg_temp.as_ann('price_set', '{"provider": "maker", "model": "m1", "input_cost_per_token": 0.000009,
    "output_cost_per_token": 0.00001}') ~ 'manual'), true, 'a tenant sets a price of its own');
SELECT is(pg_temp.run(pg_temp.by('litellm', pg_temp.quote('m1', '4.1', '15'))),
    'applied: litellm: +2.5 %, within the tolerance', 'a feed moves the catalogue''s');
SELECT is((SELECT budget.decimal(p.input_cost_per_token)::text FROM budget.price_at(budget.local_tenant(), 'maker', 'm1',
    'standard', clock_timestamp()) AS p), '0.000009', 'and leaves the tenant''s alone');

-- service tiers
SELECT is(pg_temp.run(pg_temp.by('litellm', pg_temp.quote('m9', '1', '2', '{"service_tier": "batch"}'))), 'nothing',
    'a service tier does not come before the standard price');
DO $$ DECLARE run constant uuid := budget.uuid_v7(); BEGIN
    PERFORM pg_temp.say(run, 'litellm', pg_temp.quote('m9', '2', '4'), pg_temp.quote('m9', '1', '2', '{"service_tier": "batch"}'));
    PERFORM pg_temp.decide(run);
END $$;
SELECT is(pg_temp.force('m9') || ', ' || pg_temp.force('m9', 'batch'), '2/4 litellm, 1/2 litellm', 'with it, it does');

-- names
SELECT is(pg_temp.run(pg_temp.by('litellm', pg_temp.quote('m10', '2', '4'))), 'first: first price, by litellm alone', '(m10)');
DO $$ DECLARE run constant uuid := budget.uuid_v7(); BEGIN
    PERFORM pg_temp.say(run, 'litellm', pg_temp.quote('Maker/M10', '2', '4'), pg_temp.quote('m10-20260101', '2', '4'),
        pg_temp.quote('m10-20250101', '5', '9'), pg_temp.quote('m10', '2', '4', '{"provider": "shop", "model": "maker/m10"}'),
        pg_temp.quote('m10', '3', '6', '{"provider": "shop", "model": "maker/m10-latest"}'));
    PERFORM pg_temp.decide(run);
END $$;
SELECT is((SELECT string_agg(provider || '/' || model, ' ' ORDER BY provider, model) FROM budget.price
    WHERE model LIKE '%m10%' AND tenant_id = budget.catalogue_tenant()), 'maker/m10 maker/m10-20250101 shop/m10-latest',
    'a date or a reseller at the same price is the same model, at another price one of its own');
SELECT is(pg_temp.run(pg_temp.by('openrouter', pg_temp.quote('x', '2', '4', '{"provider": "shop", "model": "maker/m10"}')),
    pg_temp.by('litellm', pg_temp.quote('m10', '2', '4'))), 'verified: litellm, openrouter agree with what is in force',
    'a reseller bears witness for its maker''s price');
SELECT is(pg_temp.run(pg_temp.by('openrouter', pg_temp.quote('x', '2.1', '4', '{"provider": "shop", "model": "maker/m10"}'))),
    'nothing', 'but does not move it');
SELECT is(pg_temp.run(pg_temp.by('openrouter', pg_temp.quote('x', '9', '18', '{"provider": "shop", "model": "maker/m10"}'))),
    'outlier: openrouter: 3 times or more off the price in force: input 9 and 2 a million', 'and is measured by it');

-- families: what a source says of all names that begin like one
CREATE FUNCTION pg_temp.family(model text, input text, output text) RETURNS jsonb LANGUAGE sql AS $$
    SELECT pg_temp.by('genai-prices', pg_temp.quote(model, input, output, '{"if_known": true}'))
$$;
SELECT is(pg_temp.run(pg_temp.family('m13-latest', '1', '2')), 'nothing', 'of a name nobody knows a family says nothing');
SELECT is(pg_temp.run(pg_temp.by('litellm', pg_temp.quote('m13', '1', '2')), pg_temp.family('m13-latest', '1', '2')),
    'first: first price, by litellm alone', 'where the name means a model since this run');
SELECT is(pg_temp.force('m13'), '1/2 litellm verified', 'it speaks for it');
SELECT is(pg_temp.run(pg_temp.family('m13-latest', '2', '4'), pg_temp.by('litellm', pg_temp.quote('m13', '1', '2'))),
    'conflict: 2 sources contradict each other: litellm 1/2, genai-prices 2/4', 'and may contradict');
DO $$ DECLARE run constant uuid := budget.uuid_v7(); BEGIN
    PERFORM pg_temp.say(run, 'genai-prices', pg_temp.quote('m13-20260101', '1', '2'), pg_temp.family('m13-latest', '1.5', '3')
        -> 'quote', pg_temp.family('m13x-latest', '1', '2') -> 'quote',
        pg_temp.quote('x', '1.4', '2.8', '{"provider": "shop", "model": "maker/m13-latest", "if_known": true}'));
    PERFORM pg_temp.decide(run);
END $$;
SELECT is((SELECT string_agg(provider || '/' || model || ' ' || pg_temp.force(model), ', ' ORDER BY provider, model)
    FROM budget.price WHERE model LIKE '%m13%'), 'maker/m13 1/2 litellm verified, maker/m13-latest 1.5/3 genai-prices',
    'beside a name that is listed it is a model of its own at another price only, of a reseller never');

-- a name that comes twice
DO $$ DECLARE run constant uuid := budget.uuid_v7(); BEGIN
    PERFORM pg_temp.say(run, 'litellm', pg_temp.quote('Maker/M14', '1', '2'), pg_temp.quote('m14', '3', '4'));
    PERFORM pg_temp.say(run, 'litellm', pg_temp.quote('m14', '5', '6'));
    PERFORM pg_temp.decide(run);
END $$;
SELECT is(pg_temp.force('m14'), '1/2 litellm', 'is what came first');
SELECT is(budget.counts_add(pg_temp.say(run, 'litellm', pg_temp.quote('Maker/M14', '1', '2'), pg_temp.quote('m14', '3', '4')),
    pg_temp.say(run, 'litellm', pg_temp.quote('m14', '1', '2'))), '{"seen": 3, "quotes": 1, "unchanged": 1, "skipped": 2,
    "unresolved": 0}', 'again as well, and the same counts once') FROM budget.uuid_v7() AS run;

-- currency
SELECT is(pg_temp.run(pg_temp.by('file', pg_temp.quote('m11', '2', '4', '{"currency": "EUR"}'))), 'nothing',
    'a currency without a rate is not applied');
SELECT is((SELECT problem FROM budget.price_candidate WHERE named = 'm11'), 'currency_without_rate', 'but listed');
SELECT is((pg_temp.as_ann('fx_rate_set', '{"currency": "eur", "rate": 1.1, "date": "2026-01-01"}')::json) ->> 'base', 'USD',
    'a rate is stored');
SELECT is(pg_temp.as_ann('fx_rate_set', '{"currency": "eur", "rate": 9, "date": "2099-01-01"}') ~ '2099', true,
    '(and one of the future)');
SELECT is(pg_temp.run(pg_temp.by('file', pg_temp.quote('m11', '2', '4', '{"currency": "EUR"}'))),
    'first: first price, by file alone', 'with it, it is');
SELECT is(pg_temp.force('m11'), '2.2/4.4 file', 'converted');
SELECT is((SELECT p.currency || ' ' || (p.metadata -> 'fx' ->> 'rate') || ' ' || (p.metadata -> 'fx' ->> 'day') || ' '
    || (p.metadata -> 'fx' -> 'quoted' ->> 'input_cost_per_token') FROM budget.price AS p WHERE model = 'm11'),
    'USD 1.1 2026-01-01 0.000002', 'by the rate of its day, which the price remembers');

-- dry runs, old feeds, what is gone
DO $$ DECLARE run constant uuid := '01a20000-0000-7000-8000-00000000dddd'; BEGIN
    PERFORM budget.price_import(run, 'litellm', jsonb_build_array(pg_temp.quote('m12', '1', '2'), pg_temp.quote('m10', '2.1', '4')),
        '{"dry_run": true, "chunk": 1, "chunks": 1}');
END $$;
SELECT is((SELECT string_agg(d ->> 'model' || ' ' || (d ->> 'action'), ', ') FROM jsonb_array_elements(
    pg_temp.decide('01a20000-0000-7000-8000-00000000dddd', '{"dry_run": true}') -> 'differences') AS d
    WHERE d ->> 'model' IN ('m10', 'm12')), 'm10 applied, m12 first', 'a dry run says what it would do');
SELECT is(coalesce(pg_temp.force('m12'), '') || (SELECT count(*) FROM budget.price_candidate
    WHERE trial <> budget.no_trial() OR named = 'm12'), '0', 'and does nothing');
SELECT is(budget.price_import(budget.uuid_v7(), 'litellm', jsonb_build_array(pg_temp.quote('m12', '1', '2')),
    '{"as_of": "2026-06-02T00:00:00Z", "chunk": 1, "chunks": 1}') ->> 'quotes', '1', 'a feed of June');
SELECT is(budget.price_import(budget.uuid_v7(), 'litellm', jsonb_build_array(pg_temp.quote('m12', '7', '8')),
    '{"as_of": "2026-05-02T00:00:00Z", "chunk": 1, "chunks": 1}') ->> 'stale', 'true', 'one of May after it is too late');
SELECT is((SELECT rates ->> 'input_cost_per_token' FROM budget.price_candidate WHERE named = 'm12'), '0.000001',
    'and changes nothing');
SELECT is(pg_temp.force('m9'), '2/4 litellm', 'what no source lists any more keeps its price');

-- figures nobody can use
SELECT is(budget.price_import(budget.uuid_v7(), 'litellm', '[{"provider": "maker", "model": "bad", "input_cost_per_token": "-1"},
    {"provider": "maker"}, 7, {"provider": "maker", "model": "bad2", "input_cost_per_token": "abc"}]',
    '{"chunk": 1, "chunks": 1}') ->> 'skipped', '4', 'what is no price is skipped');
SELECT throws_ok($$SELECT budget.price_import(budget.uuid_v7(), 'nobody', '[]', '{}')$$, 'BG404', NULL,
    'a source must be known');

-- history
SELECT is((SELECT bool_and(coalesce(p.end_date, 'infinity') = coalesce(n.effective_date, 'infinity')) FROM (SELECT p.*,
    lead(p.pricing_id) OVER (ORDER BY p.effective_date) AS next FROM budget.price AS p WHERE p.provider = 'maker'
    AND p.model = 'm1' AND p.tenant_id = budget.catalogue_tenant()) AS p LEFT JOIN budget.price AS n
    ON n.pricing_id = p.next), true, 'each price ends where the next begins');
SELECT throws_ok($$INSERT INTO budget.price (tenant_id, pricing_id, provider, model, source, effective_date)
    VALUES (budget.catalogue_tenant(), budget.uuid_v7(), 'maker', 'm1', 'x', now() - interval '1 second')$$, '23P01', NULL,
    'ranges cannot overlap');
SELECT * FROM finish();
ROLLBACK;
