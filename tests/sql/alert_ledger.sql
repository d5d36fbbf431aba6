-- Alerts as the ledger raises them, in its own transaction (rule 15, ledger F15): each with its outbox row.
BEGIN;
SELECT plan(31);
\ir ../harness/ledger.psql
-- What a policy has alerted, in order: "level unit period count, …"; and whether each has one row in the outbox.
CREATE FUNCTION pg_temp.alerts(policy text) RETURNS text LANGUAGE sql AS $$
    SELECT coalesce(string_agg(concat_ws(' ', a.level, a.unit, CASE WHEN a.count > 1 THEN a.count END), ', '
        ORDER BY a.alert_id), '') FROM budget.alert a WHERE a.tenant_id = budget.tenant()
    AND a.policy_id = policy::uuid
$$;
CREATE FUNCTION pg_temp.unposted() RETURNS bigint LANGUAGE sql AS $$
    SELECT count(*) FROM budget.alert a WHERE a.tenant_id = budget.tenant() AND 1 <> (SELECT count(*)
        FROM budget.outbox o WHERE o.tenant_id = a.tenant_id AND o.alert_id = a.alert_id AND o.kind = 'alert.raised')
$$;
CREATE FUNCTION pg_temp.check_alerts() RETURNS integer LANGUAGE sql AS $$
    SELECT jsonb_array_length(pg_temp.call('alert_check'))
$$;
SELECT pg_temp.policy('{"type": "hard_limit", "period": "daily", "cost_limit": 10, "token_limit": 1000000}') AS day \gset
SELECT pg_temp.policy('{"type": "ignore", "period": "daily", "cost_limit": 1}') AS ignored \gset
SELECT pg_temp.record('{"input_tokens": 7999}') \g /dev/null
SELECT is(pg_temp.alerts(:'day'), '', 'below every level: none');
SELECT pg_temp.record('{"input_tokens": 1}') \g /dev/null
SELECT is(pg_temp.alerts(:'day'), 'warning cost', 'at the warning level, to the token');
SELECT is(pg_temp.reserve('{"cost": 2}') ->> 'status', '201', 'holds are not judged');
SELECT is(pg_temp.alerts(:'day'), 'warning cost', 'spent is');
SELECT is(pg_temp.reserve('{"cost": 0.01}') ->> 'status', '402', 'the first refusal of a period');
SELECT is(pg_temp.alerts(:'day'), 'warning cost, limit cost', 'alerts at the limit, though spent rests below it');
SELECT is(pg_temp.reserve('{"cost": 0.01}') ->> 'status', '402', 'the second');
SELECT is(pg_temp.alerts(:'day'), 'warning cost, limit cost', 'does not');
SELECT pg_temp.record('{"input_tokens": 3000}') \g /dev/null
SELECT is(pg_temp.alerts(:'day'), 'warning cost, limit cost, action cost',
    'levels that have alerted stay as they are');
SELECT is(pg_temp.alerts(:'ignored'), '', 'ignore raises none');
SELECT is(pg_temp.unposted(), 0::bigint, 'every alert has its row in the outbox');
SELECT is((SELECT payload ->> 'level' FROM budget.outbox WHERE tenant_id = :tenant ORDER BY outbox_id DESC LIMIT 1),
    'action',
    'which carries it');

-- Another limit may alert again, in the same period; POST /alerts/check says it once.
SELECT pg_temp.call('policy_update', jsonb_build_object('id', :'day', 'cost_limit', 20)) \g /dev/null
SELECT is(pg_temp.check_alerts(), 0, 'raised: below every level again');
SELECT pg_temp.record('{"input_tokens": 6000}') \g /dev/null
SELECT is(pg_temp.alerts(:'day'), 'warning cost, limit cost, action cost, warning cost',
    'the new limit has its own levels');
SELECT pg_temp.call('policy_update', jsonb_build_object('id', :'day', 'cost_limit', 17)) \g /dev/null
SELECT is(pg_temp.alerts(:'day'), 'warning cost, limit cost, action cost, warning cost, warning cost, action cost, limit cost',
    'lowered below what is spent: all of them at once');
SELECT is(pg_temp.check_alerts(), 0, 'asking adds nothing');
DELETE FROM budget.outbox WHERE tenant_id = :tenant;
DELETE FROM budget.alert WHERE tenant_id = :tenant;
SELECT is(pg_temp.check_alerts(), 3, 'what is crossed and has not alerted is raised when asked for');
SELECT is(pg_temp.check_alerts(), 0, 'once');
SELECT is(pg_temp.unposted(), 0::bigint, 'with its rows');

-- Late usage: the period before this one, and none before that.
SELECT pg_temp.policy('{"type": "warn", "period": "hourly", "cost_limit": 5, "component": "late"}') AS hour \gset
SELECT pg_temp.record(jsonb_build_object('component', 'late', 'input_tokens', 6000, 'occurred_at',
    date_trunc('hour', now(), 'UTC')
    - interval '90 minutes')) \g /dev/null
SELECT is(pg_temp.alerts(:'hour'), '', 'usage of two hours ago crosses silently');
SELECT pg_temp.record(jsonb_build_object('component', 'late', 'input_tokens', 6000, 'occurred_at',
    date_trunc('hour', now(), 'UTC')
    - interval '1 minute')) \g /dev/null
SELECT is(pg_temp.alerts(:'hour'), 'warning cost, action cost, limit cost', 'of the last hour it alerts');
SELECT is((SELECT count(*) FROM budget.alert a WHERE a.policy_id = :'hour' AND budget.alert_is_resolved(a)),
    3::bigint,
    'for a period that is over, so they are resolved');

-- Windows: one open alert per level, again only after use fell.
SELECT pg_temp.policy('{"type": "warn", "period": "rolling", "window_seconds": 3600, "cost_limit": 60}') AS roll \gset
SELECT pg_temp.record('{"input_tokens": 26000}') \g /dev/null
SELECT is(pg_temp.alerts(:'roll'), 'warning cost', 'a window crosses its warning level');
SELECT pg_temp.record('{"input_tokens": 100}') FROM generate_series(1, 3) \g /dev/null
SELECT is(pg_temp.alerts(:'roll'), 'warning cost', 'and does not say so with every record');

SELECT pg_temp.call('policy_retire', jsonb_build_object('id', :'day')) \g /dev/null

-- Sessions: grouped by policy and hour, with a count and five examples.
SELECT pg_temp.policy('{"type": "hard_limit", "period": "per_session", "token_limit": 100}') AS session \gset
SELECT pg_temp.record(jsonb_build_object('context_id', 's' || n, 'input_tokens', 80)) FROM generate_series(1,
    8) n \g /dev/null
SELECT is(pg_temp.alerts(:'session'), 'warning tokens 8', 'eight sessions are one alert of eight');
SELECT is((SELECT jsonb_array_length(details -> 'examples') FROM budget.alert WHERE policy_id = :'session'), 5,
    'with five examples');
SELECT is((SELECT string_agg(pg_temp.reserve(jsonb_build_object('context_id', 's' || n, 'tokens', 21)) ->> 'status',
    ' ')
    FROM generate_series(1, 3) n), '402 402 402', 'refused in three of them');
SELECT is(pg_temp.alerts(:'session'), 'warning tokens 8, limit tokens 3', 'one alert of three');
SELECT is(pg_temp.reserve('{"context_id": "s1", "tokens": 21}') ->> 'status', '402', 'again in the first');
SELECT is(pg_temp.alerts(:'session'), 'warning tokens 8, limit tokens 3', 'is not counted twice');
SELECT is(pg_temp.unposted(), 0::bigint, 'a group is posted once');
SELECT * FROM finish();
ROLLBACK;
