-- Corrections meet what changed meanwhile: policies made or edited in mid-period, service tiers, alerts, free models,
-- prices that are gone.
BEGIN;
SELECT plan(30);
\ir ../harness/reprice.psql
\set now 'clock_timestamp()'
SELECT pg_temp.policy('{"type": "hard_limit", "period": "daily", "cost_limit": 3}') AS daily \gset
SELECT pg_temp.policy('{"type": "warn", "period": "rolling", "window_seconds": 7200, "cost_limit": 100}') AS rolling \gset
-- 1 in the first revision of the policy
SELECT pg_temp.record('{"input_tokens": 1000, "component": "a"}') \g /dev/null
SELECT r.revision AS old FROM budget.policy r WHERE r.policy_id = :'daily' \gset
SELECT pg_temp.call('policy_patch', jsonb_build_object('id', :'daily', 'component', 'a')) \g /dev/null
SELECT pg_temp.call('policy_patch', jsonb_build_object('id', :'rolling', 'window_seconds', 3600)) \g /dev/null
SELECT pg_temp.policy('{"type": "warn", "period": "monthly", "cost_limit": 100}') AS made \gset
-- 1 in the second, 1 beside it
SELECT pg_temp.record('{"input_tokens": 1000, "component": "a"}') \g /dev/null
SELECT pg_temp.record('{"input_tokens": 1000, "component": "b"}') \g /dev/null
SELECT pg_temp.sums() AS before \gset
SELECT is(pg_temp.counted(:'daily') ->> 'spent', '2', 'a new revision opened with what was there');
SELECT pg_temp.price('one', 0.0005, 0.002, :now - interval '30 days') \g /dev/null
SELECT pg_temp.reprice() ->> 'run_id' AS run \gset
SELECT is(pg_temp.counted(:'daily') ->> 'spent', '1',
    'its opening is corrected, or the limit would count the old cost');
SELECT is(pg_temp.counted(:'daily') ->> 'opening', '0.5', 'by what it had found there');
SELECT is((SELECT trim_scale(c.spent_cost)::text FROM budget.counter c WHERE c.tenant_id = :tenant AND c.revision = :old),
    '0.5', 'the revision the record was posted to, too');
SELECT is(pg_temp.counted(:'made') ->> 'spent', '1.5', 'a policy made in mid-period likewise');
SELECT is((SELECT trim_scale(s.window_cost)::text FROM budget.policy_state s JOIN budget.policy p USING (tenant_id, revision)
    WHERE p.policy_id = :'rolling'), '1.5', 'and a window');
SELECT is(pg_temp.quote('{"component": "a"}') ->> 'remaining_cost', '2', 'so what is left is what is left');
SELECT is(pg_temp.found(), NULL, 'verify is clean');
SELECT pg_temp.undo(:'run') \g /dev/null
SELECT is(pg_temp.sums(), :'before', 'and after the undo everything is as before');
SELECT is(pg_temp.found(), NULL, 'and clean');

-- an edit between a run and its undo
SELECT pg_temp.reprice() ->> 'run_id' AS run \gset
SELECT pg_temp.call('policy_patch', jsonb_build_object('id', :'daily', 'component', NULL)) \g /dev/null
SELECT is(pg_temp.counted(:'daily') ->> 'spent', '1.5', 'a revision opens at the corrected cost');
SELECT pg_temp.undo(:'run') \g /dev/null
SELECT is(pg_temp.counted(:'daily') ->> 'spent', '3', 'and follows the undo');
SELECT is(pg_temp.found(), NULL, 'clean');

-- a disabled policy stays as it was where nothing was posted to it; enabled again it opens right
SELECT pg_temp.call('policy_patch', jsonb_build_object('id', :'made', 'enabled', false)) \g /dev/null
SELECT pg_temp.reprice() ->> 'run_id' AS run \gset
SELECT pg_temp.call('policy_patch', jsonb_build_object('id', :'made', 'enabled', true)) \g /dev/null
SELECT is(pg_temp.counted(:'made') ->> 'spent', '1.5', 'enabled again it opens at the corrected cost');
SELECT is(pg_temp.found(), NULL, 'clean');
SELECT pg_temp.undo(:'run') \g /dev/null

-- alerts: 3 of 3 is spent now; 1 of 3 yesterday, below every threshold
SELECT pg_temp.record(jsonb_build_object('input_tokens', 1000, 'occurred_at',
    date_trunc('day', :now, 'UTC') - interval '1 hour')) \g /dev/null
DELETE FROM budget.outbox WHERE tenant_id = :tenant;
DELETE FROM budget.alert WHERE tenant_id = :tenant;
SELECT pg_temp.call('limit_set', '{"period": "daily", "type": "hard_limit", "cost_limit": 30}') \g /dev/null
SELECT pg_temp.price('one', 0.02, 0.02, :now - interval '40 days') \g /dev/null
SELECT is(pg_temp.said(pg_temp.reprice('{"dry_run": true}')), '3 3 1.5 -1.5 0',
    'a price that another one followed counts for nothing');
SELECT pg_temp.price('one', 0.02, 0.02, :now - interval '29 days') \g /dev/null
SELECT is(pg_temp.said(pg_temp.reprice()), '4 3.5 80 76.5 0', 'dearer than thought: never refused');
SELECT is((SELECT string_agg(concat_ws(' ', a.level, a.period_start = date_trunc('day', :now, 'UTC')),
    '; ' ORDER BY a.level)
    FROM budget.alert a WHERE a.tenant_id = :tenant AND a.policy_id = :'daily'), 'action t; limit t; warning t',
    'the current period alerts, the one before does not');
SELECT is((SELECT count(*) = count(o.alert_id) AND count(*) > 0 FROM budget.alert a LEFT JOIN budget.outbox o USING (tenant_id, alert_id)
    WHERE a.tenant_id = :tenant), true, 'with its message');
SELECT is((pg_temp.reserve('{"tokens": 10}') ->> 'status')::int, 402, 'and the next hold is refused');
SELECT is(pg_temp.found(), NULL, 'clean');

-- service tiers: asked for a batch price that arrives later
SELECT pg_temp.price('tiered', 0.001, 0.002, :now - interval '10 days') \g /dev/null
SELECT pg_temp.record('{"model": "tiered", "service_tier": "batch", "input_tokens": 100}') #>> '{body,total_cost}' AS cost \gset
SELECT pg_temp.record('{"model": "tiered", "input_tokens": 100}') \g /dev/null
SELECT is(:'cost'::text, '0.1', 'a batch request pays the standard price while there is no other');
SELECT pg_temp.price('tiered', 0.0005, 0.001, :now - interval '10 days', 'batch') \g /dev/null
SELECT is(pg_temp.said(pg_temp.reprice('{"model": "tiered"}')), '1 0.1 0.05 -0.05 0',
    'it gets the batch price, the other one does not');
SELECT is((SELECT string_agg(coalesce(u.service_tier, '-'), ' ' ORDER BY u.record_id) FROM budget.usage_record u
    JOIN budget.shape s USING (tenant_id, shape_id) WHERE u.tenant_id = :tenant AND s.model = 'tiered'), 'batch -',
    'a record keeps the tier it was asked for');

-- other names of a model, and a price that is gone
SELECT pg_temp.record('{"provider": "openai", "model": "gpt-4o-2024-08-06", "input_tokens": 1000}') #>> '{body,total_cost}' AS cost \gset
SELECT pg_temp.call('price_set', '{"provider": "openai", "model": "gpt-4o", "input_cost_per_token": 1, "output_cost_per_token": 1, "effective_date": "2026-01-01"}') ->> 'pricing_id' AS own \gset
SELECT is(pg_temp.said(pg_temp.reprice('{"dry_run": true, "model": "gpt-4o"}')), '1 0.0025 1000 999.9975 0',
    'a model is found by every name it goes by');
SELECT is(pg_temp.said(pg_temp.reprice('{"dry_run": true, "provider": "OpenAI", "model": "GPT-4o-2024-08-06"}')),
    '1 0.0025 1000 999.9975 0',
    'in any case');
DELETE FROM budget.price WHERE tenant_id = :tenant AND model = 'tiered';
SELECT is(pg_temp.said(pg_temp.reprice('{"model": "tiered"}')), '0 0 0 0 0',
    'without any price now a record stays as it is');

-- what the record says costs nothing was not priced by us
INSERT INTO budget.usage_record (tenant_id, record_id, occurred_at, charged_at, received_at, shape_id, input_tokens, total_tokens,
    cost, input_cost, output_cost, cause, revisions, body_hash)
SELECT tenant_id, budget.uuid_v7(), occurred_at, charged_at, received_at, shape_id, 1000, 1000, 7, 7, 0, 'import', '{}', ''
    FROM budget.usage_record WHERE tenant_id = :tenant ORDER BY record_id LIMIT 1;
SELECT is(pg_temp.said(pg_temp.reprice()), '1 0.0025 1000 999.9975 0', 'a cost that came with an import stays');
-- a key bound to a budget corrects that one only
SELECT pg_temp.call('budget_create', '{"name": "child"}') ->> 'budget_id' AS child \gset
SELECT is(pg_temp.call('reprice_begin', '{"dry_run": true}', jsonb_build_object('key_budget_id', :'child')) #>> '{filters,budget_id}',
    :'child', 'a key bound to a budget means that one');
SELECT is(pg_temp.refusal('reprice_get', jsonb_build_object('id', :'run'), jsonb_build_object('key_budget_id', :'child')),
    '404 reprice_not_found /id', 'and sees no other run');
SELECT * FROM finish();
ROLLBACK;
