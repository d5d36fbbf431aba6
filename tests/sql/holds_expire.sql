-- The sweeper: expired holds free what they held, in every policy and scope, of every tenant, once.
BEGIN;
SELECT plan(18);
\set QUIET on
\set one '''00000000-0000-7000-8000-0000000000f1'''
\set two '''00000000-0000-7000-8000-0000000000f2'''
SELECT set_config('budget.tenant', '', true) \g /dev/null
INSERT INTO budget.tenant (tenant_id, name) VALUES (:one, 'one'), (:two, 'two');
INSERT INTO budget.policy_revision (tenant_id, revision, policy_id, budget_id, path, period, reach, time_zone,
    week_start, month_reset_day)
    SELECT t, r, gen_random_uuid(), t, ARRAY[t], p, 'all', 'UTC', 1, 1
    FROM unnest(ARRAY[:one, :two]::uuid[]) AS t, (VALUES (1, 'daily'), (2, 'per_session'), (3, 'per_task')) AS v (r, p);
-- a hold of a tenant: tokens 10, cost 1 each; ends so many seconds ago (negative: is still to come)
CREATE FUNCTION pg_temp.hold(tenant uuid, ago integer, context text, task text, revisions integer[],
    left_tokens bigint DEFAULT 10) RETURNS uuid LANGUAGE sql AS $$
    INSERT INTO budget.hold (tenant_id, hold_id, kind, shape_id, budget_id, context_id, task_id, revisions, tokens,
        cost, left_tokens, left_cost, is_final,
        created_at, expires_at, body_hash)
    VALUES (tenant, budget.uuid_v7(), 'allocation', 1, tenant, context, task, revisions, 10, 1, left_tokens,
        left_tokens / 10.0, false,
        now() - interval '1 day', clock_timestamp() - make_interval(secs => ago), '\x00');
    INSERT INTO budget.policy_state AS s (tenant_id, revision, scope, held_cost, held_tokens)
    SELECT tenant, r, CASE r WHEN 2 THEN coalesce(context, '') WHEN 3 THEN coalesce(task, '') ELSE '' END,
        left_tokens / 10.0, left_tokens FROM unnest(revisions) AS r
    ON CONFLICT (tenant_id, revision, scope) DO UPDATE SET held_cost = s.held_cost + excluded.held_cost,
        held_tokens = s.held_tokens + excluded.held_tokens
    RETURNING tenant_id;
$$;
CREATE FUNCTION pg_temp.held(tenant uuid) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(format('%s:%s=%s/%s', s.revision, s.scope, budget.decimal(s.held_cost), s.held_tokens), ' '
        ORDER BY s.revision, s.scope)
    FROM budget.policy_state s WHERE s.tenant_id = tenant
$$;
CREATE FUNCTION pg_temp.states(tenant uuid) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(h.state || ' ' || h.left_tokens, ', ' ORDER BY h.state) FROM budget.hold h
        WHERE h.tenant_id = tenant
$$;
SELECT count(*) FROM (SELECT pg_temp.hold(:one, 5, 'a', 't', '{1,2,3}')) AS x \g /dev/null
SELECT count(*) FROM (SELECT pg_temp.hold(:one, -3600, 'a', 't', '{1,2,3}')) AS x \g /dev/null
SELECT count(*) FROM (SELECT pg_temp.hold(:one, 5, NULL, NULL, '{1,2}', 4)) AS x \g /dev/null
SELECT count(*) FROM (SELECT pg_temp.hold(:two, 1, 'b', NULL, '{1}')) AS x \g /dev/null

SELECT is(pg_temp.held(:one), '1:=2.4/24 2:=0.4/4 2:a=2/20 3:t=2/20', 'what is held before');
SELECT is(budget.holds_expire(500, true), 3::bigint, 'a dry run counts those past their time, of all tenants');
SELECT is(budget.holds_expire(500, true, now() + interval '2 hours'), 4::bigint, 'or that will be');
SELECT is(pg_temp.held(:one), '1:=2.4/24 2:=0.4/4 2:a=2/20 3:t=2/20', 'and changes nothing');
SELECT is(budget.holds_expire(1), 1::bigint, 'at most one batch');
SELECT is(budget.holds_expire(500), 2::bigint, 'then the rest');
SELECT is(budget.holds_expire(500), 0::bigint, 'then nothing');
SELECT is(pg_temp.held(:one), '1:=1/10 2:=0/0 2:a=1/10 3:t=1/10',
    'rule_11_an_expired_hold_frees_what_was_left_in_each_scope');
SELECT is(pg_temp.held(:two), '1:=0/0', 'of each tenant');
SELECT is(pg_temp.states(:one), 'expired 0, expired 0, live 10', 'the live one is untouched');
SELECT is((SELECT count(*)::int FROM budget.hold WHERE tenant_id = :one AND state = 'expired'
    AND resolved_at = expires_at), 2, 'resolved at its expiry, not when swept');
SELECT ok((SELECT bool_and(last_t > now() - interval '1 minute') FROM budget.policy_state WHERE tenant_id = :one),
    'no later decision before this instant');

INSERT INTO budget.request_key (tenant_id, verb, key_hash, body_hash, entity_id, created_at)
    SELECT :one, 'record', decode(lpad(to_hex(n), 32, '0'), 'hex'), '\x00', :one, now() - make_interval(days => n,
        hours => -1) FROM generate_series(30, 40) AS n;
SELECT is(budget.request_keys_expire(5000, true), 5::bigint, 'keys older than 35 days');
SELECT is(budget.request_keys_expire(2), 2::bigint, 'in batches');
SELECT is(budget.request_keys_expire(5000), 3::bigint, 'until none is left');
SELECT is((SELECT count(*)::int FROM budget.request_key WHERE tenant_id = :one), 6,
    'rule_12_keys_are_kept_at_least_35_days');
SELECT is(budget.request_keys_expire(5000, true, now() + interval '3 days'), 3::bigint, 'as if it were later');
SELECT throws_ok('UPDATE budget.setting_effective SET value = ''x'' WHERE name = ''idempotency_days''; SELECT budget.request_keys_expire(1)', '22P02', NULL, 'a broken setting is an error, not a deletion');
SELECT * FROM finish();
ROLLBACK;
