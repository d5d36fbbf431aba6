-- Refusals that help: who decided, when it resets, what fits instead, how to ask for more.
BEGIN;
SELECT plan(18);
\ir ../harness/ledger.psql
CREATE TEMP TABLE b AS SELECT pg_temp.call('budget_create', '{"name": "team"}') ->> 'budget_id' AS id;
CREATE TEMP TABLE p AS SELECT pg_temp.policy(jsonb_build_object('budget_id', id, 'period', 'daily', 'type',
    'soft_limit',
    'cost_limit', 2, 'token_limit', 2000)) AS id FROM b;
CREATE TEMP TABLE r AS SELECT pg_temp.reserve(jsonb_build_object('budget_id', id, 'context_id', 'c', 'tokens',
    1500)) AS a
    FROM b;
SELECT is(a ->> 'status' || ' ' || (a ->> 'code'), '402 approval_required', 'a soft limit asks for approval') FROM r;
SELECT is(r.a -> 'body' -> 'decided_by', jsonb_build_object('policy_id', p.id, 'budget_id', b.id, 'budget_name',
    'team',
    'type', 'soft_limit', 'period', 'daily', 'scope', NULL, 'unit', 'cost'), 'it names the policy and its budget')
    FROM r, p, b;
SELECT is(r.a -> 'body' -> 'approval', jsonb_build_object('method', 'POST', 'href', '/api/v1/approvals', 'body',
    jsonb_build_object('policy_id', p.id, 'amount', 1, 'context_id', 'c')),
    'and says how to ask for what is missing') FROM r, p;
SELECT is(a -> 'body' ->> 'max_tokens_that_fit', '1000', 'and what fits') FROM r;
SELECT is(a -> 'body' ->> 'resets_at', budget.utc(date_trunc('day', now(), 'UTC') + interval '1 day'),
    'and when it resets')
    FROM r;
SELECT is(jsonb_typeof(a -> 'body' -> 'alternatives'), 'array', 'and cheaper models') FROM r;
CREATE TEMP TABLE g AS SELECT pg_temp.call('approval_create', a -> 'body' -> 'approval' -> 'body') AS a FROM r;
SELECT is(a ->> 'state', 'pending', 'its words are a request as they stand') FROM g;
SELECT pg_temp.call('approval_grant', jsonb_build_object('id', a ->> 'approval_id')) FROM g \g /dev/null
SELECT is(pg_temp.reserve(jsonb_build_object('budget_id', id, 'context_id', 'c', 'tokens', 1500)) ->> 'status', '201',
    'granted, the same request fits') FROM b;
SELECT is(a -> 'body' -> 'approval' -> 'body', jsonb_build_object('policy_id', p.id, 'amount', 4, 'tokens', 1000,
    'context_id', 'c'), 'both units, when both are missing') FROM b, p,
    pg_temp.reserve(jsonb_build_object('budget_id', b.id,
    'context_id', 'c', 'tokens', 1500, 'cost', 4)) a;

-- One shape.
SELECT is(ARRAY(SELECT jsonb_object_keys(q) EXCEPT SELECT jsonb_object_keys(a -> 'body')), '{}'::text[],
    'check and a refusal have one shape') FROM r, pg_temp.quote('{}') q;
SELECT is(pg_temp.quote('{}') -> 'approval', 'null', 'nothing to ask for where it is allowed');
SELECT is(pg_temp.quote('{}') -> 'decided_by', 'null', 'and nobody decided where no policy counts');
SELECT is((pg_temp.quote(jsonb_build_object('budget_id', id)) -> 'decided_by') ->> 'budget_name', 'team',
    'else the policy nearest to its limit') FROM b;

-- Windows: when enough has fallen out.
UPDATE p SET id = pg_temp.policy('{"period": "rolling", "window_seconds": 18000, "type": "hard_limit", "cost_limit": 10}');
SELECT is(pg_temp.quote('{}') ->> 'resets_at', NULL, 'an empty window has nothing to reset');
SELECT pg_temp.record(jsonb_build_object('context_id', 'x', 'input_tokens', n * 1000, 'occurred_at',
    now() - n * interval '1 hour'))
    FROM generate_series(1, 4) n \g /dev/null
SELECT is((pg_temp.quote('{"cost": 1}') ->> 'resets_at')::timestamptz,
    budget.period_bucket(18000, now() - interval '4 hours') + interval '18060 seconds',
    'full: when the oldest hour falls out');
SELECT is((pg_temp.quote('{"cost": 3}') ->> 'resets_at')::timestamptz,
    budget.period_bucket(18000, now() - interval '3 hours') + interval '18060 seconds',
    'for a larger request: when enough has fallen out');
SELECT is(pg_temp.quote('{"cost": 11}') ->> 'resets_at', NULL, 'for one that never fits: never');
SELECT is(pg_temp.quote('{"cost": 11}') ->> 'max_tokens_that_fit', '0', 'nothing fits now');
SELECT * FROM finish();
ROLLBACK;
