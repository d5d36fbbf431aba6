-- A house that does not count in dollars: the built-in prices are converted by a stored, dated rate, or are not there.
BEGIN;
SELECT plan(9);
\ir ../harness/prices.psql
\set QUIET on
SELECT set_config('budget.tenant', budget.catalogue_tenant()::text, true) \g /dev/null
UPDATE budget.tenant SET currency = 'EUR' WHERE tenant_id = budget.catalogue_tenant();
CREATE FUNCTION pg_temp.load(input text) RETURNS text LANGUAGE sql AS $$
    SELECT budget.catalogue_load('prices', E'provider,model,service_tier,above_input_tokens,from,input,output,cache_read,'
        'cache_write_5m,cache_write_1h,reasoning,input_audio,output_audio,input_image,output_image,input_chars,output_chars,'
        'image,second,requests_1k,searches_1k,source_url,as_of,verified,note\nmaker,e1,,,,' || input
        || E',10,,,,,,,,,,,,,,,,2026-01-01,yes,\nmaker,e1,,200000,,4,20,,,,,,,,,,,,,,,,2026-01-01,yes,')
$$;
SELECT matches(pg_temp.load('2'), '^catalogue prices: 0 rows, 0 changed; they are in USD: store a rate', 'without a rate nothing is loaded, and it says so');
SELECT is(pg_temp.force('e1'), NULL, 'a model is unpriced rather than wrong');
SELECT matches(pg_temp.as_ann('fx_rate_set', '{"currency": "USD", "rate": 0.9, "date": "2026-01-01"}'), '"base" : "EUR"', 'a rate is stored');
SELECT is(pg_temp.load('2'), 'catalogue prices: 1 rows, 1 changed', 'with it they are loaded');
SELECT is(pg_temp.force('e1'), '1.8/9 catalogue verified', 'converted');
SELECT is((SELECT p.currency || ' ' || (p.metadata -> 'fx' ->> 'rate') || ' ' || budget.decimal((p.context_rates[1]).output_cost_per_token * 1000000)
    FROM budget.price_exactly('maker', 'e1', 'standard') AS p), 'EUR 0.9 18', 'context tiers too, and the price remembers the rate');
SELECT is(pg_temp.load('2'), 'catalogue prices: 1 rows, 0 changed', 'again: nothing changes');
SELECT is(pg_temp.run(pg_temp.by('litellm', pg_temp.quote('e2', '2', '4'))), 'first: first price, by litellm alone', 'quotes in USD');
SELECT is(pg_temp.force('e2'), '1.8/3.6 litellm', 'are converted alike');
SELECT * FROM finish();
ROLLBACK;
