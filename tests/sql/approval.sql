-- Approvals: extra headroom on one soft limit, asked for, decided by somebody entitled, for a time (rule 6).
BEGIN;
SELECT plan(33);
\ir ../harness/budgets.psql

CREATE TEMP TABLE p AS SELECT pg_temp.call('policy_create',
    '{"period": "monthly", "type": "soft_limit", "cost_limit": 5}') ->> 'policy_id' AS soft,
    pg_temp.call('policy_create', '{"period": "daily", "type": "hard_limit", "cost_limit": 5}') ->> 'policy_id' AS hard;
CREATE FUNCTION pg_temp.ask(args jsonb, actor text DEFAULT 'ann') RETURNS jsonb LANGUAGE sql AS $$
    SELECT pg_temp.reply('approval_create', jsonb_build_object('policy_id', soft) || args,
        jsonb_build_object('actor', actor, 'role', 'service')) FROM p
$$;
CREATE FUNCTION pg_temp.headroom(scope text DEFAULT '', at timestamptz DEFAULT clock_timestamp()) RETURNS text
    LANGUAGE sql AS $$
    SELECT h.cost || ' ' || h.tokens FROM p, budget.policy q, budget.approval_headroom(q.revision, scope, at) h
        WHERE q.tenant_id = budget.tenant() AND q.policy_id = p.soft::uuid
$$;

SELECT is((SELECT r ->> 'code' FROM pg_temp.ask(jsonb_build_object('policy_id', hard, 'amount', 1)) r),
    'approval_not_applicable', 'a hard limit is not lifted') FROM p;
SELECT is(pg_temp.ask('{}') ->> 'code', 'amount_missing', 'an amount is needed');
SELECT is(pg_temp.ask('{"amount": 0}') ->> 'code', 'amount_zero', 'and it is not 0');
SELECT is(pg_temp.ask('{"policy_id": "00000000-0000-7000-8000-00000000dead", "amount": 1}') ->> 'code',
    'policy_not_found', 'an unknown policy');
SELECT is(pg_temp.ask('{"amount": 1, "expires_at": "2020-01-01T00:00:00Z"}') ->> 'code',
    'expiry_in_the_past', 'a time that is over');
SELECT is(pg_temp.headroom(), '0 0', 'nothing granted');

CREATE TEMP TABLE a AS SELECT pg_temp.ask('{"amount": "10.50", "tokens": 100, "reason": "big report"}') AS r;
SELECT is((SELECT r ->> 'status' FROM a), '201', 'asked');
SELECT is((SELECT r -> 'body' ->> 'state' FROM a), 'pending', 'pending');
SELECT is((SELECT r -> 'body' ->> 'amount' FROM a), '10.5', 'the amount');
SELECT is((SELECT r -> 'body' ->> 'requested_by' FROM a), 'ann', 'by whom');
SELECT is(pg_temp.headroom(), '0 0', 'asking lifts nothing');
SELECT is(pg_temp.ask('{"amount": 1}') ->> 'code', 'approval_open', 'one open request per requester');
SELECT is(pg_temp.ask('{"amount": 1}') -> 'extra' -> 'approval_id', (SELECT r -> 'body' -> 'approval_id' FROM a),
    'and it is named');
SELECT is(pg_temp.ask('{"amount": 1}', 'bob') ->> 'status', '201', 'another requester may ask');
SELECT is(pg_temp.ask('{"amount": 1, "context_id": "c1"}') ->> 'status', '201', 'and the same one for a context');

CREATE FUNCTION pg_temp.decide(verb text, args jsonb DEFAULT '{}') RETURNS jsonb LANGUAGE sql AS $$
    SELECT pg_temp.reply('approval_' || verb, args || jsonb_build_object('id', r -> 'body' -> 'approval_id'),
        '{"actor": "boss"}') FROM a
$$;
SELECT is(pg_temp.decide('grant', '{"amount": 11}') ->> 'code', 'more_than_asked', 'a grant raises nothing');
SELECT is(pg_temp.decide('grant', '{"amount": 0}') ->> 'code', 'amount_zero', 'nor gives nothing');
SELECT is(pg_temp.decide('grant', '{"amount": 4, "note": "ok"}') -> 'body' ->> 'state', 'granted', 'it may lower');
SELECT is(pg_temp.headroom(), '4 100', 'headroom');
SELECT is(pg_temp.decide('grant') -> 'body' ->> 'decided_by', 'boss', 'granting again answers the same');
SELECT is(pg_temp.decide('deny') ->> 'code', 'approval_decided', 'and it cannot be denied any more');
SELECT is(pg_temp.decide('grant') -> 'body' ->> 'expires_at', budget.utc(date_trunc('month', now(),
    'UTC') + interval '1 month'), 'until the end of the policy''s period');
SELECT is(pg_temp.headroom('', date_trunc('month', now(), 'UTC') + interval '1 month'), '0 0', 'then it is over');
SELECT is(pg_temp.headroom('', now() - interval '1 day'), '0 0', 'and it was not before');

UPDATE a SET r = jsonb_build_object('body', (SELECT i
    FROM jsonb_array_elements(pg_temp.call('approval_list', '{"context_id": "c1"}') -> 'items') i));
SELECT is(pg_temp.decide('grant', jsonb_build_object('expires_at',
    now() + interval '1 hour')) -> 'body' ->> 'context_id', 'c1', 'for one context');
SELECT is(pg_temp.headroom(), '4 100', 'others have none of it');
SELECT is(pg_temp.headroom('c1'), '5 100', 'the context has both');
SELECT is(pg_temp.headroom('c1', now() + interval '1 hour'), '4 100', 'until it expires');

UPDATE a SET r = jsonb_build_object('body', (SELECT i
    FROM jsonb_array_elements(pg_temp.call('approval_list', '{"state": "pending"}') -> 'items') i));
SELECT is(pg_temp.decide('deny', '{"note": "no"}') -> 'body' ->> 'state', 'denied', 'denied');
SELECT is(pg_temp.call('approval_list') -> 'total', '3', 'three in all');
SELECT is(pg_temp.call('approval_list', '{"state": "granted"}') -> 'total', '2', 'two granted');
SELECT is(pg_temp.refusal('approval_get', '{"id": "00000000-0000-7000-8000-00000000dead"}'), '404 approval_not_found',
    'an unknown one');
SELECT is((SELECT array_agg(action ORDER BY audit_id) FROM budget.audit_log WHERE tenant_id = :tenant
    AND action LIKE 'approval.%'),
    '{approval.create,approval.create,approval.create,approval.grant,approval.grant,approval.deny}', 'all audited');

SELECT * FROM finish();
ROLLBACK;
