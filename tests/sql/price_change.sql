-- A price that changes while people use it: records before and after keep their own, the alert says old, new, percent and
-- what the last 30 days would have cost.
BEGIN;
SELECT plan(16);
\ir ../harness/ledger.psql
DROP FUNCTION pg_temp.quote(jsonb);
\ir ../harness/prices.psql
\set QUIET on
SELECT pg_temp.run(pg_temp.by('litellm', pg_temp.quote('p1', '10', '40')),
    pg_temp.by('genai-prices', pg_temp.quote('p1', '10', '40'))) \g /dev/null
CREATE FUNCTION pg_temp.use(p_model text) RETURNS text LANGUAGE sql AS $$
    SELECT pg_temp.record(jsonb_build_object('provider', 'maker', 'model', p_model, 'input_tokens', 1000000, 'output_tokens', 0))
        -> 'body' ->> 'total_cost'
$$;
CREATE TEMP TABLE epoch AS SELECT price_epoch AS was FROM budget.tenant WHERE tenant_id = budget.catalogue_tenant();

SELECT is(pg_temp.use('p1'), '10', 'a record at the first price');
SELECT set_config('budget.tenant', budget.catalogue_tenant()::text, true) \g /dev/null
SELECT is(pg_temp.run(pg_temp.by('litellm', pg_temp.quote('p1', '8', '40')), pg_temp.by('genai-prices', pg_temp.quote('p1', '8', '40'))),
    'applied: litellm, genai-prices agree: -20 %', 'the price falls in the middle of the day');
SELECT is((SELECT price_epoch - was FROM budget.tenant, epoch WHERE tenant_id = budget.catalogue_tenant()), 1::bigint,
    'plans made before are stale, once');
SELECT is(pg_temp.use('p1'), '8', 'a record after it has the new one');
SELECT set_config('budget.tenant', :tenant, true) \g /dev/null
SELECT is((SELECT string_agg(budget.decimal(u.cost)::text, ' ' ORDER BY u.record_id) FROM budget.usage_record AS u
    WHERE u.tenant_id = :tenant), '10 8', 'the one before keeps its own');
SELECT is((SELECT count(DISTINCT u.pricing_id) FROM budget.usage_record AS u WHERE u.tenant_id = :tenant), 2::bigint,
    'each with its pricing_id');

-- notification
SELECT is((SELECT count(*) FROM budget.alert WHERE tenant_id = :tenant AND type = 'price_changed'), 1::bigint,
    'whoever used it is told');
SELECT is((SELECT message FROM budget.alert WHERE tenant_id = :tenant AND type = 'price_changed'),
    'Price of maker p1 changed by -20 % (input 10 -> 8 a million): the last 30 days would have cost 2 USD less',
    'old, new, percent and the effect');
SELECT is((SELECT details -> 'last_30_days' FROM budget.alert WHERE tenant_id = :tenant AND type = 'price_changed'),
    '{"requests": 1, "spent": 10, "would_have_been": 8, "effect": -2}', 'in figures too');
SELECT is((SELECT severity FROM budget.alert WHERE tenant_id = :tenant AND type = 'price_changed'), 'info',
    'cheaper is no warning');
SELECT is((SELECT payload ->> 'type' FROM budget.outbox WHERE tenant_id = :tenant AND payload ->> 'type' = 'price_changed'),
    'price_changed', 'and it is delivered');
SELECT set_config('budget.tenant', budget.catalogue_tenant()::text, true) \g /dev/null
SELECT is(pg_temp.run(pg_temp.by('litellm', pg_temp.quote('p1', '8.2', '40'))), 'applied: litellm, genai-prices agree: +2.5 %',
    'a change below the notice');
SELECT set_config('budget.tenant', :tenant, true) \g /dev/null
SELECT is((SELECT count(*) FROM budget.alert WHERE tenant_id = :tenant AND type = 'price_changed'), 1::bigint, 'tells nobody');
SELECT is((SELECT count(*) FROM budget.price_effect), 0::bigint, 'sums are not kept');

-- an approval is a change too
SELECT set_config('budget.tenant', budget.catalogue_tenant()::text, true) \g /dev/null
SELECT pg_temp.run(pg_temp.by('litellm', pg_temp.quote('p1', '16.4', '40')), pg_temp.by('genai-prices', pg_temp.quote('p1', '8.2', '40'))) \g /dev/null
SELECT is(pg_temp.as_ann('price_conflict_approve', jsonb_build_object('id', c.conflict_id, 'source', 'litellm'))::json ->> 'state',
    'approved', 'a person approves another price') FROM budget.price_conflict AS c WHERE c.model = 'p1';
SELECT set_config('budget.tenant', :tenant, true) \g /dev/null
SELECT is((SELECT message FROM budget.alert WHERE tenant_id = :tenant AND type = 'price_changed' AND severity = 'warning'),
    'Price of maker p1 changed by +100 % (input 8.2 -> 16.4 a million): the last 30 days would have cost 14.8 USD more',
    'whoever used it is told, too');
SELECT * FROM finish();
ROLLBACK;
