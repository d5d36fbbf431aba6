-- Reading and closing alerts.
BEGIN;
SELECT plan(22);
\ir ../harness/usage.psql
SELECT pg_temp.policy(1, '{"period": "daily", "cost_limit": 5}') AS daily,
       pg_temp.policy(2, jsonb_build_object('period', 'monthly', 'cost_limit', 5,
           'budget_id', :team)) AS team_policy \gset
SELECT budget.alert_cross(:tenant, 1, '', date_trunc('day', now(), 'Asia/Kathmandu'),
    date_trunc('day', now(), 'Asia/Kathmandu') + interval '1 day', 0, 6, 0, 0) \g /dev/null
SELECT budget.alert_cross(:tenant, 2, '', now() - interval '1 hour', now() + interval '1 hour', 0, 4, 0, 0) \g /dev/null
SELECT pg_temp.add('budget.alert', jsonb_build_object('tenant_id', :tenant, 'alert_id', budget.uuid_v7(),
    'period_start', now(),
    'level', 'system', 'unit', 'none', 'severity', 'info', 'type', 'job_failed', 'message',
    'partitions failed')) \g /dev/null

SELECT is(pg_temp.call('alert_list') -> 'total', '5', 'all alerts, seen or not');
SELECT is(pg_temp.call('alert_list') #>> '{items,0,type}', 'job_failed', 'newest first');
SELECT is(pg_temp.call('alert_list', jsonb_build_object('budget_id', :team)) -> 'total', '1', 'of one budget');
SELECT is(pg_temp.call('alert_list', jsonb_build_object('budget_id', :root)) -> 'total', '4',
    'a budget means all below it too');
SELECT is(pg_temp.call('alert_list', jsonb_build_object('policy_id', :'daily')) -> 'total', '3', 'of one policy');
SELECT is(pg_temp.call('alert_list', '{"severity": "error"}') -> 'total', '1', 'by severity');
SELECT is(pg_temp.call('alert_list', '{"type": "cost_limit_approaching"}') -> 'total', '3', 'by type');
SELECT is(pg_temp.call('alert_list', '{"level": "warning"}') -> 'total', '2', 'by level');
SELECT is(pg_temp.call('alert_list', '{"end_date": "2020-01-01"}') -> 'total', '0', 'by time');
SELECT is(pg_temp.call('alert_list', jsonb_build_object('start_date', (now() AT TIME ZONE 'Asia/Kathmandu')::date,
    'end_date', (now() AT TIME ZONE 'Asia/Kathmandu')::date)) -> 'total', '5',
    'a date is the whole day in the zone of Default');
SELECT is(pg_temp.call('alert_list', context => jsonb_build_object('key_budget_id', :team)) -> 'total', '1',
    'a key bound to a budget sees that branch');
SELECT throws_ok(format('SELECT pg_temp.call(%L, %L, %L)', 'alert_list', jsonb_build_object('budget_id', :other),
    jsonb_build_object('key_budget_id', :team)),
    'BG404', NULL, 'and no other');

SELECT pg_temp.call('alert_list', '{"limit": 2}') AS page_one \gset
SELECT is(jsonb_array_length(:'page_one'::jsonb -> 'items'), 2, 'limit cuts the page');
SELECT is(pg_temp.call('alert_list', jsonb_build_object('limit', 2,
    'cursor', :'page_one'::jsonb ->> 'next_cursor')) -> 'items',
          pg_temp.call('alert_list', '{"limit": 2, "page": 2}') -> 'items',
              'the cursor and the page number lead to the same rows');
SELECT is(pg_temp.call('alert_list', '{"limit": 2, "page": 3}') -> 'next_cursor', 'null', 'the last page has no next');
SELECT throws_ok($$SELECT pg_temp.call('alert_list', '{"cursor": "nonsense"}')$$, 'BG422', NULL,
    'a foreign cursor is refused');

SELECT :'page_one'::jsonb #>> '{items,1,alert_id}' AS id \gset
SELECT is(pg_temp.call('alert_acknowledge', jsonb_build_object('id', :'id')) ->> 'acknowledged_by', 'tester',
    'acknowledging says who');
SELECT is(pg_temp.call('alert_acknowledge', jsonb_build_object('id', :'id'),
    '{"actor": "second"}') ->> 'acknowledged_by', 'tester', 'the first stays');
SELECT is((SELECT count(*) FROM budget.audit_log WHERE tenant_id = :tenant AND action = 'alert.acknowledge'), 1::bigint,
    'and is audited once');
SELECT is(pg_temp.call('alert_list', '{"acknowledged": false}') -> 'total', '4', 'open alerts');
SELECT throws_ok($$SELECT pg_temp.call('alert_get', '{"id": "00000000-0000-7000-8000-00000000dead"}')$$, 'BG404', NULL,
    'an unknown alert is 404');

UPDATE budget.policy SET limit_version = 2 WHERE tenant_id = :tenant AND revision = 1;
SELECT is(pg_temp.call('alert_list', '{"resolved": true}') -> 'total', '3',
    'a changed limit resolves what stood under the old one');
SELECT * FROM finish();
ROLLBACK;
