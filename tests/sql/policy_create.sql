-- Policies: defaults, twins, limits on them, and what a new one opens with (rules 4, 6, 7).
BEGIN;
SELECT plan(49);
\ir ../harness/budgets.psql

CREATE FUNCTION pg_temp.make(args jsonb) RETURNS text LANGUAGE sql AS $$
    SELECT coalesce(r ->> 'policy_id', r #>> '{}')
        FROM pg_temp.call('policy_create', '{"type": "hard_limit", "period": "monthly", "cost_limit": 100}' || args) r
$$;
CREATE TEMP TABLE team AS SELECT pg_temp.call('budget_create', '{"name": "Team"}') ->> 'budget_id' AS id,
    pg_temp.call('budget_create', '{"name": "Other"}') ->> 'budget_id' AS other;

-- defaults
CREATE TEMP TABLE p AS SELECT pg_temp.reply('policy_create', '{"period": "daily", "cost_limit": "1.10"}') AS r;
SELECT is((SELECT r ->> 'status' FROM p), '201', 'created');
SELECT is((SELECT r -> 'body' ->> 'budget_id' FROM p), :root, 'without budget_id: Default');
SELECT is((SELECT r -> 'body' ->> 'type' FROM p), budget.level_type(), 'without type: the enforcement level');
SELECT is((SELECT r -> 'body' -> 'follows_enforcement_level' FROM p), 'true', 'and it follows it');
SELECT is((SELECT r -> 'body' ->> 'cost_limit' FROM p), '1.1', 'exact, without trailing zeros');
SELECT is((SELECT r -> 'body' ->> 'warning_threshold' FROM p), '0.8', 'warning threshold');
SELECT is((SELECT r -> 'body' ->> 'action_threshold' FROM p), '0.95', 'action threshold');
SELECT is(pg_temp.call('policy_create', '{"period": "hourly", "token_limit": 9, "warning_threshold": 0.99}') ->> 'action_threshold', '0.99', 'a default never contradicts what is given');

-- refusals
SELECT is(pg_temp.refusal('policy_create', '{"period": "daily"}'), '422 limit_missing /cost_limit',
    'a policy needs a limit');
SELECT is(pg_temp.refusal('policy_create', '{"period": "rolling", "cost_limit": 1}'),
    '422 window_missing /window_seconds', 'rolling needs a window');
SELECT is(pg_temp.refusal('policy_create', '{"period": "daily", "cost_limit": 1, "window_seconds": 60}'),
    '422 window_unused /window_seconds', 'others have none');
SELECT is(pg_temp.refusal('policy_create', '{"period": "daily", "cost_limit": 1, "currency": "EUR"}'),
    '422 currency_mismatch /currency', 'another currency');
SELECT is(pg_temp.refusal('policy_create', '{"period": "daily", "cost_limit": 1, "warning_threshold": 0.9, "action_threshold": 0.5}'), '422 thresholds_crossed /warning_threshold', 'thresholds in order');
SELECT is(pg_temp.refusal('policy_create', '{"period": "daily", "cost_limit": 1, "budget_id": "00000000-0000-7000-8000-00000000dead"}'), '404 budget_not_found /budget_id', 'an unknown budget');
SELECT is(pg_temp.refusal('policy_get', '{"id": "00000000-0000-7000-8000-00000000dead"}'), '404 policy_not_found',
    'an unknown policy');

-- twins
SELECT is(pg_temp.refusal('policy_create', '{"period": "daily", "cost_limit": 2}'), '409 policy_exists', 'a twin');
SELECT is(pg_temp.reply('policy_create', '{"period": "daily", "cost_limit": 2}') -> 'extra' -> 'policy_id',
    (SELECT r -> 'body' -> 'policy_id' FROM p), 'is named');
SELECT isnt(pg_temp.make('{"model": "GPT-4o", "provider": "OpenAI"}'), NULL, 'other filters are no twin');
SELECT is(pg_temp.make('{"model": "gpt-4O", "provider": "openai"}'), '409 policy_exists', 'case makes no difference');
SELECT is(pg_temp.call('policy_create', '{"period": "daily", "cost_limit": 2, "enabled": false}') ->> 'enabled',
    'false', 'a disabled one is no twin');
SELECT is((SELECT closed_at = opened_at FROM budget.policy_revision WHERE tenant_id = :tenant ORDER BY revision DESC
    LIMIT 1), true, 'and counts nothing');

-- what it opens with
SELECT pg_temp.spend('{"cost": 10.000000000000000001, "tokens": 5, "provider": "openai", "model": "m"}'),
       pg_temp.spend(jsonb_build_object('cost', 3, 'tokens', 7,
           'provider', 'anthropic', 'model', 'claude', 'component', 'rhetor', 'budget_id', id)),
       pg_temp.spend(jsonb_build_object('ceiling_cost', 0.5, 'tokens', 1,
           'provider', 'new', 'model', 'x', 'budget_id', other)),
       pg_temp.spend(jsonb_build_object('cost', 1000, 'tokens', 1,
           'provider', 'openai', 'model', 'm', 'at', date_trunc('month', now(), 'UTC') - interval '1 microsecond')),
       pg_temp.hold(jsonb_build_object('cost', 2, 'provider', 'openai', 'model', 'm')),
       pg_temp.hold(jsonb_build_object('cost', 4, 'budget_id', id)),
       pg_temp.hold(jsonb_build_object('cost', 100, 'kind', 'slice')) FROM team \g /dev/null
INSERT INTO budget.correction (tenant_id, run_id, record_id, delta_cost, delta_ceiling)
SELECT tenant_id, budget.uuid_v7(), record_id, -1, 0.25 FROM budget.usage_record WHERE tenant_id = :tenant AND cost = 3;

SELECT is(pg_temp.counted(pg_temp.make('{}')),
    '{"spent": 12.000000000000000001, "ceiling": 0.75, "tokens": 13, "opening": 12.000000000000000001, "held": 106, "periods": 1}',
    'unfiltered on Default: all of the month at its effective cost, all that is held');
SELECT is(pg_temp.counted(pg_temp.make(jsonb_build_object('budget_id', id))),
    '{"spent": 2, "ceiling": 0.25, "tokens": 7, "opening": 2, "held": 4, "periods": 1}',
    'unfiltered on Team: its own') FROM team;
SELECT is(pg_temp.counted(pg_temp.make(jsonb_build_object('budget_id', id, 'provider', 'openai'))),
    '{"spent": 10.000000000000000001, "ceiling": 0, "tokens": 5, "opening": 10.000000000000000001, "held": 6, "periods": 1}',
    'filtered, reach all: the tenant''s; a hold that names no provider matches, a slice does not') FROM team;
SELECT is(pg_temp.call('budget_update', jsonb_build_object('id', other, 'reach', 'named')) ->> 'reach',
    'named', 'reach named') FROM team;
SELECT is(pg_temp.counted(pg_temp.make(jsonb_build_object('budget_id', other, 'provider', 'openai'))),
    '{"spent": 0, "ceiling": 0, "tokens": 0, "opening": 0, "held": 0, "periods": 0}',
    'filtered, reach named: its own') FROM team;
SELECT is(pg_temp.counted(pg_temp.make('{"period": "lifetime"}')) ->> 'spent', '1012.000000000000000001',
    'a lifetime opens with everything');
SELECT is((SELECT array_agg(DISTINCT revisions = (SELECT array_agg(r ORDER BY r) FROM unnest(revisions) r))
    FROM budget.hold WHERE tenant_id = :tenant), '{t}', 'revisions of holds stay ascending');
SELECT is((SELECT sum(s.held_cost) FROM budget.policy_state s WHERE tenant_id = :tenant),
    (SELECT sum(left_cost * cardinality(revisions)) FROM budget.hold WHERE tenant_id = :tenant),
        'held = live holds, over all policies');

-- rolling and sessions
SELECT pg_temp.spend(jsonb_build_object('cost', 1, 'tokens', 1,
    'provider', 'roll', 'model', 'r', 'component', 'c', 'context_id', 's1',
    'at', clock_timestamp() - make_interval(mins => m)))
FROM unnest('{1,30,59,70}'::int[]) m \g /dev/null
SELECT pg_temp.spend('{"cost": 7, "tokens": 1, "provider": "roll", "model": "r", "context_id": "s2"}'),
    pg_temp.hold('{"cost": 2, "provider": "roll", "model": "r", "context_id": "s2"}') \g /dev/null
CREATE TEMP TABLE rolling AS SELECT pg_temp.make('{"period": "rolling", "window_seconds": 3600, "provider": "roll"}')::uuid AS id;
SELECT is(pg_temp.counted(id::text) ->> 'spent', '10', 'a rolling hour opens with what lies in its window')
    FROM rolling;
SELECT is(pg_temp.counted(id::text) ->> 'periods', '4', 'by bucket') FROM rolling;
SELECT is((SELECT trim_scale(s.window_cost) FROM budget.policy_state s, budget.policy p, rolling
    WHERE p.tenant_id = :tenant AND p.policy_id = rolling.id AND s.tenant_id = :tenant AND s.revision = p.revision),
    10::numeric, 'its running sum agrees');
CREATE TEMP TABLE session AS SELECT pg_temp.make('{"period": "per_session", "provider": "roll"}')::uuid AS id;
SELECT is((SELECT jsonb_object_agg(c.scope, trim_scale(c.spent_cost)) FROM budget.counter c, budget.policy p, session
    WHERE p.tenant_id = :tenant AND p.policy_id = session.id AND c.tenant_id = :tenant AND c.revision = p.revision),
    '{"s1": 4, "s2": 7}', 'a session policy opens each session for itself');
SELECT is((SELECT jsonb_object_agg(s.scope, trim_scale(s.held_cost)) FROM budget.policy_state s, budget.policy p,
    session WHERE p.tenant_id = :tenant AND p.policy_id = session.id AND s.tenant_id = :tenant
    AND s.revision = p.revision AND s.held_cost > 0),
    '{"": 4, "s2": 2}', 'holds too; those that name none share one') WHERE (SELECT count(*) FROM budget.hold
        WHERE tenant_id = :tenant AND kind = 'slice') = 1;

-- alerts of what is crossed already
CREATE TEMP TABLE crossed AS SELECT pg_temp.make('{"cost_limit": 2.1, "model": "claude", "type": "warn"}')::uuid AS id;
SELECT is((SELECT array_agg(level ORDER BY level) FROM budget.alert a, crossed WHERE a.tenant_id = :tenant
    AND a.policy_id = crossed.id), '{action,limit,warning}', 'a policy made in mid-period alerts what is crossed');

UPDATE crossed SET id = pg_temp.make('{"cost_limit": 100, "model": "claude", "type": "warn", "period": "quarterly"}')::uuid;
SELECT pg_temp.call('policy_update', jsonb_build_object('id', id, 'cost_limit', 2)) FROM crossed \g /dev/null
SELECT is((SELECT count(*) FROM budget.alert a, crossed WHERE a.tenant_id = :tenant AND a.policy_id = crossed.id), 3::bigint,
    'so does a limit lowered below what is spent');
SELECT pg_temp.call('policy_update', jsonb_build_object('id', id, 'metadata', '{"a": 1}'::jsonb)) FROM crossed \g /dev/null
SELECT is((SELECT count(*) FROM budget.alert a, crossed WHERE a.tenant_id = :tenant AND a.policy_id = crossed.id), 3::bigint,
    'an edit of anything else alerts nothing');

-- in place
CREATE TEMP TABLE q AS SELECT pg_temp.make('{"period": "yearly", "model": "claude"}') AS id;
CREATE TEMP TABLE rev AS SELECT p.revision, p.limit_version, counted FROM budget.policy p, q,
    pg_temp.counted(q.id) AS counted WHERE p.tenant_id = :tenant AND p.policy_id = q.id::uuid;
SELECT is((SELECT r ->> 'limit_version' FROM pg_temp.call('policy_update', jsonb_build_object('id', id, 'cost_limit', 2,
    'type', 'warn')) r), '2', 'limits change in place') FROM q;
SELECT is((SELECT (r ->> 'revision')::int FROM pg_temp.call('policy_get', jsonb_build_object('id', id)) r),
    (SELECT revision FROM rev), 'same revision') FROM q;
SELECT is(pg_temp.call('policy_patch', jsonb_build_object('id', id, 'token_limit', 5,
    'cost_limit', NULL)) -> 'cost_limit', 'null', 'PATCH clears one limit') FROM q;
SELECT is(pg_temp.refusal('policy_patch', jsonb_build_object('id', id, 'token_limit', NULL)),
    '422 limit_missing /cost_limit', 'not both') FROM q;
SELECT is(pg_temp.refusal('policy_update', jsonb_build_object('id', id, 'cost_limit', 5), '{"if_match": "1"}'),
    '412 version_mismatch', 'an old ETag') FROM q;

-- no free reset
SELECT is(pg_temp.call('policy_update', jsonb_build_object('id', id,
    'model', 'claude', 'provider', 'anthropic', 'token_limit', 5)) ->> 'limit_version', '3', 'new filters') FROM q;
SELECT is(pg_temp.counted(id), (SELECT counted FROM rev), 'open with what matches already') FROM q;
SELECT is(pg_temp.call('policy_retire', jsonb_build_object('id', id)) ->> 'enabled', 'false', 'disabled') FROM q;
SELECT is(pg_temp.counted(id) ->> 'spent', '0', 'counts nothing') FROM q;
SELECT is(pg_temp.call('policy_update', jsonb_build_object('id', id, 'enabled', true)) ->> 'enabled', 'true', 'enabled')
    FROM q;
SELECT is(pg_temp.counted(id), (SELECT counted FROM rev), 'counts as if it had never been away') FROM q;
SELECT is((SELECT array_agg(action ORDER BY audit_id) FROM budget.audit_log a, q WHERE tenant_id = :tenant
    AND entity_id = q.id),
    '{policy.create,policy.update,policy.update,policy.update,policy.retire,policy.update}', 'every change audited');

SELECT * FROM finish();
ROLLBACK;
