-- Corrections: what a run changes, where it books it, and that an undo takes all of it back. acme/one costs 0.001 in and
-- 0.002 out; half way a corrected price arrives that was in force all the time.
BEGIN;
SELECT plan(67);
\ir ../harness/reprice.psql
SELECT pg_temp.policy('{"type": "hard_limit", "period": "daily", "cost_limit": 100}') AS daily \gset
SELECT pg_temp.policy('{"type": "warn", "period": "monthly", "cost_limit": 1000, "model": "one"}') AS filtered \gset
SELECT pg_temp.policy('{"type": "warn", "period": "monthly", "cost_limit": 1000, "component": "other"}') AS other \gset
SELECT pg_temp.policy('{"type": "warn", "period": "per_session", "cost_limit": 5000}') AS session \gset
SELECT pg_temp.policy('{"type": "warn", "period": "rolling", "window_seconds": 3600, "cost_limit": 100}') AS rolling \gset
SELECT pg_temp.call('budget_create', '{"name": "child"}') ->> 'budget_id' AS child \gset
SELECT pg_temp.call('policy_create', jsonb_build_object('budget_id', :'child', 'type', 'warn', 'period', 'weekly',
    'cost_limit', 100)) ->> 'policy_id' AS below \gset
\set now 'clock_timestamp()'
\set yesterday '(date_trunc(''day'', clock_timestamp(), ''UTC'') - interval ''1 hour'')'
-- 5 of a thousand tokens in and a hundred out, now: 1.2 each; 2 yesterday; 1 of another model; 1 of the child
SELECT count(pg_temp.record(jsonb_build_object('input_tokens', 1000, 'output_tokens', 100, 'context_id', 'c' || n)))
    FROM generate_series(1, 5) n \g /dev/null
SELECT count(pg_temp.record(jsonb_build_object('input_tokens', 1000, 'output_tokens', 100, 'occurred_at', :yesterday)))
    FROM generate_series(1, 2) n \g /dev/null
SELECT pg_temp.record('{"model": "free", "input_tokens": 10}') \g /dev/null
SELECT pg_temp.record(jsonb_build_object('budget_id', :'child', 'input_tokens', 1000, 'output_tokens', 100)) \g /dev/null
SELECT pg_temp.sums() AS before \gset
SELECT is(pg_temp.said(pg_temp.reprice()), '0 0 0 0 0', 'nothing differs while no price has changed');
SELECT is((SELECT count(*)::int FROM budget.correction WHERE tenant_id = :tenant), 0, 'and nothing is written');

-- a corrected price for all of the past: 0.0005 and 0.001, so 0.6 instead of 1.2
SELECT pg_temp.price('one', 0.0005, 0.001, :now - interval '30 days') AS corrected \gset
SELECT pg_temp.reprice('{"dry_run": true, "model": "one"}') AS dry \gset
SELECT is(pg_temp.said(:'dry'), '8 9.6 4.8 -4.8 0', 'a dry run says what would change');
SELECT is((:'dry'::jsonb ->> 'state') || ' ' || (:'dry'::jsonb ->> 'examined'), 'done 8',
    'of the records it looked at');
SELECT is((SELECT string_agg(concat_ws(' ', d ->> 'budget', d ->> 'provider', d ->> 'model', d ->> 'records',
    d ->> 'old_cost', d ->> 'new_cost', d ->> 'delta_cost'), '; ') FROM jsonb_array_elements(:'dry'::jsonb -> 'differences') d),
    'Default acme one 7 8.4 4.2 -4.2; child acme one 1 1.2 0.6 -0.6', 'by budget and model');
SELECT is(pg_temp.sums(), :'before', 'and changes nothing');
SELECT is((SELECT count(*)::int FROM budget.correction WHERE tenant_id = :tenant), 0, 'at all');
SELECT is(pg_temp.said(pg_temp.reprice('{"dry_run": true, "model": "two"}')), '0 0 0 0 0', 'filters: model');
SELECT is(pg_temp.said(pg_temp.reprice(jsonb_build_object('dry_run', true, 'budget_id', :'child'))), '1 1.2 0.6 -0.6 0',
    'budget');
SELECT is(pg_temp.said(pg_temp.reprice('{"dry_run": true, "provider": "ACME"}')), '8 9.6 4.8 -4.8 0', 'provider');
SELECT is(pg_temp.said(pg_temp.reprice('{"dry_run": true, "component": "nobody"}')), '0 0 0 0 0', 'component');
SELECT is(pg_temp.said(pg_temp.reprice(jsonb_build_object('dry_run', true, 'until',
    budget.utc(date_trunc('day', :now, 'UTC'))))), '2 2.4 1.2 -1.2 0', 'until');
SELECT is(pg_temp.said(pg_temp.reprice(jsonb_build_object('dry_run', true, 'since',
    budget.utc(date_trunc('day', :now, 'UTC'))))), '6 7.2 3.6 -3.6 0', 'since');
SELECT is(pg_temp.said(pg_temp.reprice('{"dry_run": true, "unpriced": true}')), '0 0 0 0 0', 'only unpriced');
SELECT is(pg_temp.refusal('reprice_begin', '{"since": "2026-02-01", "until": "2026-01-01"}'), '422 range_empty /until',
    'a range that is none is refused');
SELECT is(pg_temp.refusal('reprice_begin', '{"budget_id": "0190f0e4-7b2a-7c31-8a55-3d2f0c9b1e77"}'),
    '404 budget_not_found /budget_id', 'so is an unknown budget');

-- a run
SELECT pg_temp.call('reprice_begin', '{"model": "one", "reason": "a test"}') ->> 'run_id' AS run \gset
SELECT is(pg_temp.refusal('reprice_begin'), '409 reprice_running', 'one run at a time');
SELECT is(pg_temp.reply('reprice_begin') -> 'extra' ->> 'run_id', :'run', 'which is named');
SELECT is(pg_temp.call('reprice_begin', '{"dry_run": true}') ->> 'state', 'running', 'a dry run may stand beside it');
SELECT is((SELECT concat_ws(' ', s.rows, s.done) FROM budget.reprice_step(:tenant, :'run', 3) s), '3 f', 'a step');
SELECT is(pg_temp.call('reprice_get', jsonb_build_object('id', :'run')) ->> 'records', '3', 'is visible');
SELECT is(pg_temp.found(), NULL, 'and half a run leaves the ledger in order');
SELECT is((SELECT count(*)::int FROM pg_locks l WHERE l.locktype = 'advisory' AND l.pid = pg_backend_pid() AND (l.mode, l.classid, l.objid) IN (
    ('ExclusiveLock', (budget.reprice_key(:tenant) >> 32 & 4294967295)::oid, (budget.reprice_key(:tenant) & 4294967295)::oid),
    ('ShareLock', (budget.epoch_key(:tenant) >> 32 & 4294967295)::oid, (budget.epoch_key(:tenant) & 4294967295)::oid))), 2,
    'it holds its own lock and shares the epoch, as everybody who counts');
SELECT is(pg_temp.said(pg_temp.finish(:'run')), '8 9.6 4.8 -4.8 0', 'the rest follows');
SELECT is(pg_temp.found(), NULL, 'rule_14_verify_is_clean_after_a_reprice');
SELECT is((SELECT concat_ws(' ', s.rows, s.done) FROM budget.reprice_step(:tenant, :'run', 3) s), '0 t', 'it is done');
SELECT is((SELECT count(*)::int FROM budget.correction WHERE tenant_id = :tenant), 8, 'one row a record');
SELECT is(pg_temp.said(pg_temp.reprice('{"model": "one"}')), '0 0 0 0 0', 'a second run finds nothing more');

-- where it landed
SELECT is(pg_temp.spent_at(:'daily', :now), '3.6', 'today has what was used today');
SELECT is(pg_temp.spent_at(:'daily', :yesterday), '1.2', 'yesterday what was used yesterday');
SELECT is(pg_temp.counted(:'filtered') ->> 'spent', '4.8', 'a filtered policy that counts the model');
SELECT is(pg_temp.counted(:'other') ->> 'spent', '0', 'one that does not');
SELECT is(pg_temp.counted(:'below') ->> 'spent', '0.6', 'the budget it was charged to');
SELECT is((SELECT string_agg(c.scope || ' ' || trim_scale(c.spent_cost), '; ' ORDER BY c.scope) FROM budget.counter c
    JOIN budget.policy p USING (tenant_id, revision) WHERE p.policy_id = :'session' AND c.scope <> ''),
    'c1 0.6; c2 0.6; c3 0.6; c4 0.6; c5 0.6', 'each session its own');
SELECT is((SELECT trim_scale(s.window_cost)::text FROM budget.policy_state s JOIN budget.policy p USING (tenant_id, revision)
    WHERE p.policy_id = :'rolling'), CASE WHEN :yesterday > :now - interval '61 minutes' THEN '4.8' ELSE '3.6' END,
    'the rolling window');

-- every sum has it
SELECT is((SELECT string_agg(DISTINCT concat_ws(' ', i ->> 'total_cost', i ->> 'correction_cost', i ->> 'input_cost', i ->> 'pricing_id'), '; ')
    FROM jsonb_array_elements(pg_temp.call('usage_list', '{"model": "one"}') -> 'items') i), '0.6 -0.6 1 ' || :'corrected',
    'usage records show the cost as of now');
SELECT is(pg_temp.call('usage_summary', '{"period": "lifetime"}') ->> 'total_cost', '4.8', 'usage summary');
SELECT is(pg_temp.call('usage_period', '{"period": "yearly"}') ->> 'total_cost', (4.8 - CASE WHEN date_part('year', :yesterday)
    < date_part('year', :now) THEN 1.2 ELSE 0 END)::text, 'usage of a period');
SELECT is(pg_temp.call('report_summary', '{"period": "lifetime"}') #>> '{totals,cost}', '4.8', 'report summary');
SELECT is(pg_temp.call('report_summary', '{"period": "lifetime"}') ->> 'corrections', '{"cost": -4.8, "count": 8}',
    'which tells how much of it is corrections');
SELECT is(pg_temp.call('report_summary', '{"period": "lifetime"}') #>> '{top,model,0,cost}', '4.8', 'its lists');
SELECT is(pg_temp.call('budget_summary', jsonb_build_object('id', :'child', 'period',
    'lifetime')) #>> '{items,0,total_cost}',
    '0.6', 'budget summary without a policy');
SELECT is(pg_temp.call('budget_summary', jsonb_build_object('id', :'child', 'period',
    'weekly')) #>> '{items,0,total_cost}',
    '0.6', 'and with one');
SELECT is((SELECT trim_scale(sum((i ->> 'cost_used')::numeric))::text FROM jsonb_array_elements(pg_temp.call('limit_list',
    '{"period": "daily"}') -> 'items') i), '3.6', 'limits');

-- headroom is free at once: 100 a day, 3.6 spent
SELECT is(pg_temp.quote('{"estimated_tokens": 1}') ->> 'remaining_cost', '96.4',
    'what a correction frees may be held at once');

-- undo
SELECT is(pg_temp.refusal('reprice_undo', jsonb_build_object('id', :'dry'::jsonb ->> 'run_id')),
    '409 reprice_not_undoable /id', 'a dry run has nothing to undo');
SELECT pg_temp.undo(:'run') AS undo \gset
SELECT is(pg_temp.said(:'undo'), '8 4.8 9.6 4.8 0', 'an undo goes back');
SELECT is(pg_temp.sums(), :'before', 'to the last digit everywhere');
SELECT is(pg_temp.found(), NULL, 'rule_14_verify_is_clean_after_an_undo');
SELECT is((SELECT string_agg(DISTINCT concat_ws(' ', i ->> 'total_cost', i ->> 'correction_cost'), '; ')
    FROM jsonb_array_elements(pg_temp.call('usage_list', '{"model": "one"}') -> 'items') i), '1.2 0', 'records too');
SELECT is((SELECT count(DISTINCT i ->> 'pricing_id')::int FROM jsonb_array_elements(pg_temp.call('usage_list',
    '{"model": "one"}') -> 'items') i
    WHERE i ->> 'pricing_id' <> :'corrected'), 1, 'with the price they were booked at');
SELECT is(pg_temp.undo(:'run') ->> 'run_id', :'undo'::jsonb ->> 'run_id', 'again: the same undo');
SELECT is(pg_temp.call('reprice_get', jsonb_build_object('id', :'run')) ->> 'undone_by', :'undo'::jsonb ->> 'run_id',
    'the run knows it');
SELECT is(pg_temp.refusal('reprice_undo', jsonb_build_object('id', :'undo'::jsonb ->> 'run_id')),
    '409 reprice_not_undoable /id', 'an undo is not undone');

-- two runs on top of each other go back in order
SELECT pg_temp.reprice() ->> 'run_id' AS first \gset
SELECT pg_temp.price('one', 0.002, 0.004) \g /dev/null
SELECT is(pg_temp.said(pg_temp.reprice('{"price": "own_time"}')), '0 0 0 0 0', 'a price from now on changes no past');
SELECT pg_temp.reprice('{"price": "current"}') AS second \gset
SELECT is(pg_temp.said(:'second'), '8 4.8 19.2 14.4 0', 'unless today''s price is asked for');
SELECT is(pg_temp.refusal('reprice_undo', jsonb_build_object('id', :'first')), '409 reprice_not_latest /id',
    'the later one goes first');
SELECT pg_temp.undo(:'second'::jsonb ->> 'run_id') \g /dev/null
SELECT pg_temp.undo(:'first') \g /dev/null
SELECT is(pg_temp.sums(), :'before', 'then the first: all is as it was');
SELECT is(pg_temp.found(), NULL, 'and proven');

-- a run that is undone before its end
SELECT pg_temp.call('reprice_begin') ->> 'run_id' AS half \gset
SELECT budget.reprice_step(:tenant, :'half', 3) \g /dev/null
SELECT isnt(pg_temp.sums(), :'before', 'half a run');
SELECT pg_temp.undo(:'half') \g /dev/null
SELECT is(pg_temp.sums(), :'before', 'is undone, too');
SELECT is(pg_temp.call('reprice_get', jsonb_build_object('id', :'half')) ->> 'state', 'stopped', 'and goes no further');

-- on paper
SELECT is((SELECT string_agg(DISTINCT i ->> 'kind',
    ' ' ORDER BY i ->> 'kind') FROM jsonb_array_elements(pg_temp.call('reprice_list') -> 'items') i),
    'reprice undo', 'GET /prices/reprice lists them');
SELECT is(pg_temp.call('reprice_list', '{"dry_run": true}') #>> '{items,0,dry_run}', 'true', 'dry runs when asked');
SELECT is((SELECT string_agg(a.action || ' ' || (a.after ->> 'reason'),
    '; ' ORDER BY a.audit_id) FROM budget.audit_log a
    WHERE a.tenant_id = :tenant AND a.entity_id = :'run' AND a.action = 'reprice.begin'), 'reprice.begin a test',
    'and the audit log has who and why');
SELECT is((SELECT a.after ->> 'delta_cost' FROM budget.audit_log a WHERE a.tenant_id = :tenant AND a.entity_id = :'run'
    AND a.action = 'reprice.end'), '-4.8', 'and what came of it');
SELECT is(pg_temp.refusal('reprice_get', '{"id": "0190f0e4-7b2a-7c31-8a55-3d2f0c9b1e77"}'), '404 reprice_not_found /id',
    'an unknown run is 404');
SELECT * FROM finish();
ROLLBACK;
