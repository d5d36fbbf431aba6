-- Alerts are raised once, by the transaction that crosses (rule 15).
BEGIN;
SELECT plan(28);
\ir ../harness/usage.psql

CREATE FUNCTION pg_temp.cross(revision integer, before numeric, after numeric, tokens_before bigint DEFAULT 0,
    tokens_after bigint DEFAULT 0,
    scope text DEFAULT '', period_start timestamptz DEFAULT date_trunc('day', now(), 'Asia/Kathmandu')) RETURNS text
    LANGUAGE plpgsql AS $$
DECLARE
    raised uuid[] := budget.alert_cross('00000000-0000-7000-8000-0000000000f1', revision, scope, period_start,
        period_start + interval '1 day', before, after, tokens_before, tokens_after);
BEGIN
    RETURN (SELECT string_agg(a.level || ' ' || a.type, ', ' ORDER BY array_position(raised, a.alert_id)) FROM budget.alert a
        WHERE a.alert_id = ANY (raised));
END $$;
CREATE FUNCTION pg_temp.last() RETURNS budget.alert LANGUAGE sql AS $$
    SELECT a FROM budget.alert a WHERE tenant_id = '00000000-0000-7000-8000-0000000000f1' ORDER BY created_at DESC, alert_id DESC LIMIT 1
$$;

SELECT pg_temp.policy(1, '{"period": "daily", "cost_limit": 5, "token_limit": 1000}') AS daily \gset
SELECT is(pg_temp.cross(1, 0, 3.99), NULL, 'below the warning level nothing is raised');
SELECT is(pg_temp.cross(1, 3.99, 4), 'warning cost_limit_approaching', 'reaching the warning level exactly raises it');
SELECT is((pg_temp.last()).severity, 'warning', 'approaching is a warning');
SELECT is((pg_temp.last()).message, 'Daily cost budget approaching limit: Default used 4 of 5 USD (80 %)',
    'the message says what and how far');
SELECT is((pg_temp.last()).details - 'policy_type',
    '{"period": "daily", "tier": null, "provider": null, "model": null, "component": null,
    "task_type": null, "limit": 5, "used": 4, "threshold": 0.8, "usage_percentage": 0.8, "cost_limit": 5,
        "cost_used": 4, "currency": "USD"}',
    'the details say period, filters, limit and use');
SELECT is(pg_temp.cross(1, 3.99, 4), NULL, 'the same level of the same period is raised once');
SELECT is(pg_temp.cross(1, 4, 4.75), 'action cost_limit_approaching', 'the action level is another alert');
SELECT is(pg_temp.cross(1, 4.75, 5), 'limit cost_limit_exceeded', 'the limit itself is exceeded');
SELECT is((pg_temp.last()).severity, 'error', 'exceeded is an error');
SELECT is((pg_temp.last()).message, 'Daily cost budget exceeded: Default used 5 of 5 USD (100 %)',
    'with Tekton''s words in front');
SELECT is(pg_temp.cross(1, 5, 5, 0, 1000),
    'warning token_limit_approaching, action token_limit_approaching, limit token_limit_exceeded',
    'tokens are judged by themselves, and one step over all levels raises all');
SELECT is((SELECT message FROM budget.alert WHERE tenant_id = :tenant AND level = 'warning' AND unit = 'tokens'),
    'Daily token budget passed 80 % of its limit: Default used 1000 of 1000 tokens (100 %)',
    'a level jumped over does not say approaching');
SELECT is((SELECT count(*) FROM budget.outbox WHERE tenant_id = :tenant AND kind = 'alert.raised'
    AND channel_id IS NULL), 6::bigint,
    'each new alert has one outbox row, a repeated crossing none');
SELECT is((SELECT payload ->> 'alert_id' FROM budget.outbox WHERE tenant_id = :tenant
    AND alert_id = (pg_temp.last()).alert_id),
    (pg_temp.last()).alert_id::text, 'the outbox carries the alert');

UPDATE budget.policy SET limit_version = 2, cost_limit = 4.5 WHERE tenant_id = :tenant;
SELECT is(pg_temp.cross(1, 3, 4), 'warning cost_limit_approaching',
    'a changed limit may alert again in the same period');
SELECT is(pg_temp.cross(1, 3, 4, period_start => date_trunc('day', now(), 'Asia/Kathmandu') - interval '1 day'),
    'warning cost_limit_approaching', 'late usage alerts for the period before');
SELECT is(pg_temp.cross(1, 3, 4, period_start => date_trunc('day', now(), 'Asia/Kathmandu') - interval '3 days'), NULL,
    'but for none before that');

SELECT pg_temp.policy(2, '{"period": "daily", "cost_limit": 1, "type": "ignore", "provider": "openai"}') \g /dev/null
SELECT is(pg_temp.cross(2, 0, 9), NULL, 'type ignore raises none');
SELECT pg_temp.policy(3, '{"period": "monthly", "cost_limit": 0, "provider": "openai", "task_type": "chat"}')
    \g /dev/null
SELECT is(pg_temp.cross(3, 0, 0), NULL, 'nothing spent of a limit of 0 is within it');
SELECT is(pg_temp.cross(3, 0, 0.0000001), 'limit cost_limit_exceeded',
    'the first amount above a limit of 0 exceeds it');
SELECT is((pg_temp.last()).message,
    'Monthly cost budget exceeded: Default (provider openai, task type chat) used 0.0000001 of 0 USD',
    'a small amount is never shown as 0');
UPDATE budget.policy SET enabled = false WHERE tenant_id = :tenant AND revision = 3;
SELECT ok(budget.alert_is_resolved(pg_temp.last()), 'an alert of a policy that no longer counts is resolved');

-- sessions
SELECT pg_temp.policy(4, '{"period": "per_session", "token_limit": 100}') \g /dev/null
SELECT is(pg_temp.cross(4, 0, 0, 0, 80, 's1', '-infinity'), 'warning token_limit_approaching',
    'the first session of the hour alerts');
SELECT pg_temp.cross(4, 0, 0, 0, 80, 's' || n, '-infinity') FROM generate_series(2, 9) AS n \g /dev/null
SELECT pg_temp.cross(4, 0, 0, 0, 80, 's2', '-infinity') \g /dev/null
SELECT is((SELECT array_agg(ARRAY[count, jsonb_array_length(details -> 'examples')]) FROM budget.alert
    WHERE tenant_id = :tenant AND revision = 4),
    '{{9,5}}', 'nine sessions in an hour are one alert that counts nine and names five');

-- rolling windows
SELECT pg_temp.policy(5, '{"period": "rolling", "window_seconds": 3600, "cost_limit": 10}') \g /dev/null
SELECT pg_temp.cross(5, 7.9, 8) \g /dev/null
UPDATE budget.alert SET period_start = now() - interval '10 minutes' WHERE tenant_id = :tenant AND revision = 5;
SELECT pg_temp.spend(5, '', now() - interval '50 minutes', 7.5, 0),
    pg_temp.spend(5, '', now() - interval '5 minutes', 0.5, 0) \g /dev/null
SELECT is(pg_temp.cross(5, 7.9, 8), NULL, 'a rolling window that hovers about its threshold does not alert again');
SELECT pg_temp.spend(5, '', now() - interval '50 minutes', -1, 0) \g /dev/null
SELECT is(pg_temp.cross(5, 7.9, 8), 'warning cost_limit_approaching',
    'it does after falling below 0.9 of the threshold');

-- refusals
SELECT budget.alert_refused(:tenant, 1, '', '2020-01-01', now() + interval '1 hour', 'tokens') AS first \gset
SELECT is((SELECT level || ' ' || type || ': ' || message FROM budget.alert WHERE tenant_id = :tenant
    AND alert_id = :'first'),
    'limit token_limit_exceeded: Daily token budget exceeded: Default used 0 of 1000 tokens (0 %), '
    'and a request was refused',
    'the first refusal of a period alerts');
SELECT is(budget.alert_refused(:tenant, 1, '', '2020-01-01', now() + interval '1 hour', 'tokens'), NULL,
    'the second does not');
SELECT * FROM finish();
ROLLBACK;
