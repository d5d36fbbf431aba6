-- Every cent above a limit has a cause (rule 9, ledger F1).
BEGIN;
SELECT plan(35);
\ir ../harness/ledger.psql
CREATE TEMP TABLE p AS SELECT pg_temp.policy('{"period": "monthly", "type": "hard_limit", "cost_limit": 10,
    "token_limit": 100000}') AS id;
-- "over: cause cost/tokens, …" of a policy as GET /limits says it; 'wrong' when the causes do not add up to it.
CREATE FUNCTION pg_temp.over(policy text DEFAULT NULL, wanted_scope text DEFAULT NULL) RETURNS text LANGUAGE sql AS $$
    SELECT CASE WHEN c.cost <> coalesce((l ->> 'over_by')::numeric, 0)
            OR c.tokens <> coalesce((l ->> 'tokens_over_by')::numeric, 0) THEN 'wrong: ' ELSE '' END
        || coalesce(l ->> 'over_by', '-') || '/' || coalesce(l ->> 'tokens_over_by', '-') || ':' || c.causes
      FROM jsonb_array_elements(pg_temp.call('limit_list') -> 'items') l
     CROSS JOIN LATERAL (SELECT coalesce(sum((x ->> 'cost')::numeric), 0) AS cost,
            coalesce(sum((x ->> 'tokens')::numeric), 0) AS tokens,
            coalesce(string_agg(format(' %s %s/%s', x ->> 'cause', x ->> 'cost', x ->> 'tokens'), ','
                ORDER BY x ->> 'cause'), '') AS causes
          FROM jsonb_array_elements(l -> 'over_by_causes') x) c
     WHERE l ->> 'policy_id' = coalesce(policy, (SELECT id FROM p))
       AND (wanted_scope IS NULL OR l ->> 'scope' = wanted_scope)
$$;
CREATE FUNCTION pg_temp.limit(cost numeric) RETURNS void LANGUAGE sql AS $$
    SELECT pg_temp.call('policy_update', jsonb_build_object('id', id, 'cost_limit', cost)) FROM p
$$;

SELECT pg_temp.record('{"context_id": "u", "input_tokens": 4000}') \g /dev/null
SELECT is(pg_temp.over(), '0/0:', 'within the limit nothing needs a cause');
SELECT pg_temp.reserve('{"context_id": "a", "tokens": 1000}'),
    pg_temp.reserve('{"context_id": "b", "cost": 4}') \g /dev/null
SELECT pg_temp.record('{"context_id": "a", "input_tokens": 2500, "is_final": true}') \g /dev/null
SELECT is(pg_temp.over(), '0/0:', 'overage within the limit is not above it');
SELECT pg_temp.record('{"context_id": "v", "input_tokens": 1500}') \g /dev/null
SELECT pg_temp.record('{"context_id": "b", "input_tokens": 4000, "is_final": true}') \g /dev/null
SELECT is(pg_temp.over(), '2/0: overage 0.5/0, unheld 1.5/0',
    'a hold that settles above the limit is not the cause: what came last that nobody held is');
SELECT pg_temp.record('{"hold_id": "01900000-0000-7000-8000-000000000000", "input_tokens": 100}') \g /dev/null
SELECT pg_temp.record('{"model": "nobody-knows", "context_id": "w", "input_tokens": 1}') \g /dev/null
SELECT is(pg_temp.over(), '2.1001/0: hold_unknown 0.1/0, overage 0.5/0, unheld 1.5001/0',
    'a hold nobody knows; unpriced usage at its ceiling');
SELECT is((SELECT sum((x ->> 'cost')::numeric) FROM jsonb_array_elements(pg_temp.call('budget_summary',
    jsonb_build_object('id', :root)) -> 'items' -> 0 -> 'over_by_causes') x), 2.1001, 'the summary says the same');

-- The limit itself moves.
SELECT pg_temp.limit(8) \g /dev/null
SELECT is(pg_temp.over(), '4.1001/0: hold_unknown 0.1/0, limit_lowered 2/0, overage 0.5/0, unheld 1.5001/0',
    'a lowered limit is a cause of its own');
SELECT pg_temp.limit(9) \g /dev/null
SELECT is(pg_temp.over(), '3.1001/0: hold_unknown 0.1/0, limit_lowered 1/0, overage 0.5/0, unheld 1.5001/0',
    'as far as it was not raised again');
SELECT pg_temp.limit(12) \g /dev/null
SELECT is(pg_temp.over(), '0.1001/0: hold_unknown 0.1/0, unheld 0.0001/0', 'raised: only the last remains above');
SELECT pg_temp.limit(15), pg_temp.reserve('{"context_id": "c", "cost": 2.8}'),
    pg_temp.record('{"context_id": "c", "input_tokens": 2800, "is_final": true}'), pg_temp.limit(10) \g /dev/null
SELECT is(pg_temp.over(), '4.9001/0: limit_lowered 4.9001/0',
    'what was admitted under a higher limit is due to lowering it');
SELECT is(pg_temp.call('policy_update', jsonb_build_object('id', id, 'type', 'warn')) ->> 'type', 'warn', 'as warn')
    FROM p;
SELECT is(pg_temp.over(), '4.9001/0: allowed 4.9001/0', 'a warn limit lets pass');
SELECT pg_temp.reserve('{"context_id": "d", "cost": 1}'), pg_temp.record('{"context_id": "d", "input_tokens": 1000}'),
    pg_temp.call('policy_update', jsonb_build_object('id', id, 'type', 'hard_limit')) FROM p \g /dev/null
SELECT is(pg_temp.over(), '5.9001/0: limit_lowered 5.9001/0', 'and what it let pass is due to refusing from now on');

-- Tokens are told apart as money is.
SELECT pg_temp.record('{"context_id": "t", "model": "free", "input_tokens": 90000}') \g /dev/null
SELECT is(pg_temp.over(), '5.9001/5901: limit_lowered 5.9001/0, unheld 0/5901', 'tokens by their own causes');
SELECT is(pg_temp.call('policy_patch', jsonb_build_object('id', id, 'token_limit', null)) ->> 'token_limit', NULL,
    'no token limit') FROM p;

-- Late records, and policies that count what a hold did not hold.
SELECT pg_temp.limit(100) \g /dev/null
CREATE TEMP TABLE h AS SELECT pg_temp.reserve('{"context_id": "l", "cost": 1}') -> 'body' ->> 'allocation_id' AS id;
SELECT pg_temp.act('release', id) FROM h \g /dev/null
SELECT pg_temp.limit(15.9001) \g /dev/null
SELECT pg_temp.record(jsonb_build_object('hold_id', id, 'input_tokens', 50)) FROM h \g /dev/null
SELECT is(pg_temp.over(), '0.05/-: late 0.05/0', 'usage of a hold that is over is late');
CREATE TEMP TABLE q AS SELECT pg_temp.policy('{"period": "lifetime", "type": "hard_limit", "cost_limit": 0.5,
    "component": "other"}') AS id;
SELECT is(pg_temp.over(id), '0/-:', 'a policy on a component') FROM q;
SELECT pg_temp.limit(100) \g /dev/null
CREATE TEMP TABLE k AS SELECT pg_temp.reserve('{"context_id": "k", "cost": 3, "component": "one"}') -> 'body' ->> 'allocation_id' AS id;
SELECT pg_temp.record(jsonb_build_object('hold_id', id, 'input_tokens', 900, 'component', 'other'))
    FROM k \g /dev/null
SELECT is(pg_temp.over(id), '0.4/-: unheld 0.4/0', 'a record that other policies count than its hold is unheld there')
    FROM q;
CREATE TEMP TABLE n AS SELECT pg_temp.policy('{"period": "yearly", "type": "hard_limit", "cost_limit": 1}') AS id;
SELECT is(pg_temp.over(id), '15.8501/-: policy_new 15.8501/0', 'a new policy finds what is there') FROM n;
SELECT pg_temp.record(jsonb_build_object('hold_id', id, 'input_tokens', 100)) FROM k \g /dev/null
SELECT is(pg_temp.over(id), '15.9501/-: policy_new 15.9501/0', 'and what was held then') FROM n;
SELECT pg_temp.record('{"context_id": "z", "input_tokens": 300}') \g /dev/null
SELECT is(pg_temp.over(id), '16.2501/-: policy_new 15.9501/0, unheld 0.3/0', 'what comes later is told apart') FROM n;

-- Approvals.
CREATE TEMP TABLE s AS SELECT pg_temp.policy('{"period": "daily", "type": "soft_limit", "cost_limit": 20}') AS id;
CREATE TEMP TABLE a AS SELECT pg_temp.call('approval_create', jsonb_build_object('policy_id', id, 'amount', 5)) ->>
    'approval_id' AS id FROM s;
SELECT is(pg_temp.call('approval_grant', jsonb_build_object('id', id, 'expires_at', clock_timestamp()
    + interval '1 hour')) ->> 'state', 'granted', 'an approval') FROM a;
SELECT pg_temp.call('policy_retire', jsonb_build_object('id', id)) FROM (SELECT id FROM p UNION SELECT id FROM q
    UNION SELECT id FROM n) x \g /dev/null
SELECT pg_temp.record('{"context_id": "y", "input_tokens": 1000}') \g /dev/null
SELECT is(pg_temp.reserve('{"context_id": "app", "cost": 4.5}') ->> 'status', '201', 'gives room above the limit');
SELECT pg_temp.record('{"context_id": "app", "input_tokens": 4500, "is_final": true}') \g /dev/null
SELECT is(pg_temp.over(id), '2.7501/-: approved 2.7501/0', 'which is named') FROM s;
UPDATE budget.approval SET valid_until = clock_timestamp() WHERE approval_id = (SELECT id::uuid FROM a);
SELECT is(pg_temp.over(id), '2.7501/-: approval_expired 2.7501/0', 'also when it is over') FROM s;
SELECT pg_temp.record('{"context_id": "y", "input_tokens": 10}') \g /dev/null
SELECT is(pg_temp.over(id), '2.7601/-: approval_expired 2.7501/0, unheld 0.01/0',
    'what comes behind it is told apart')
    FROM s;

-- Corrections.
INSERT INTO budget.correction (tenant_id, run_id, record_id, delta_cost, delta_ceiling)
SELECT tenant_id, budget.uuid_v7(), record_id, 0.02, 0 FROM budget.usage_record WHERE tenant_id = :tenant
    ORDER BY record_id DESC LIMIT 1;
UPDATE budget.counter c SET spent_cost = spent_cost + 0.02 FROM budget.policy p
    WHERE p.tenant_id = :tenant AND p.policy_id = (SELECT id::uuid FROM s) AND c.tenant_id = p.tenant_id
    AND c.revision = p.revision;
SELECT is(pg_temp.over(id), '2.7801/-: approval_expired 2.7501/0, correction 0.02/0, unheld 0.01/0',
    'a correction upwards')
    FROM s;

-- Sessions, windows, slices.
SELECT pg_temp.call('policy_retire', jsonb_build_object('id', id)) FROM s \g /dev/null
UPDATE s SET id = pg_temp.policy('{"period": "per_session", "type": "hard_limit", "cost_limit": 1}');
SELECT pg_temp.record('{"context_id": "s1", "input_tokens": 1200}'),
    pg_temp.record('{"context_id": "s2", "input_tokens": 1}') \g /dev/null
SELECT is(pg_temp.over(id, 's1'), '0.2/-: unheld 0.2/0', 'a session by itself') FROM s;
SELECT is(pg_temp.over(id, 's2'), '0/-:', 'another one has nothing to explain') FROM s;
SELECT pg_temp.call('policy_retire', jsonb_build_object('id', id)) FROM s \g /dev/null
UPDATE s SET id = pg_temp.policy('{"period": "rolling", "window_seconds": 3600, "type": "hard_limit", "cost_limit": 30}');
SELECT pg_temp.record('{"context_id": "r1", "input_tokens": 7000}') \g /dev/null
SELECT is(pg_temp.over(id), '0.9811/-: unheld 0.9811/0', 'a rolling window') FROM s;
SELECT pg_temp.call('policy_retire', jsonb_build_object('id', id)) FROM s \g /dev/null
UPDATE s SET id = pg_temp.policy('{"period": "lifetime", "type": "hard_limit", "cost_limit": 36}');
CREATE TEMP TABLE d AS SELECT pg_temp.call('delegation_create', jsonb_build_object('id', :root, 'name', 'c',
    'cost', 2)) AS a;
SELECT is(pg_temp.reserve(jsonb_build_object('budget_id', a ->> 'budget_id', 'context_id', 'in', 'cost',
    1.5)) ->> 'status', '201',
    'held in a slice') FROM d;
SELECT is(pg_temp.reserve('{"context_id": "out", "cost": 1}') ->> 'status', '201', 'and beside it');
SELECT pg_temp.record('{"context_id": "in", "input_tokens": 2500, "is_final": true}'),
    pg_temp.record('{"context_id": "out", "input_tokens": 1000, "is_final": true}') \g /dev/null
SELECT pg_temp.record(jsonb_build_object('hold_id', id, 'input_tokens', 2000)) FROM k \g /dev/null
SELECT is(pg_temp.over(id), '0.4811/-: overage 0.4811/0',
    'usage beyond a slice is overage above, what it covered is not') FROM s;
SELECT is(pg_temp.over(a ->> 'policy_id'), '0.5/-: overage 0.5/0', 'and at the child''s own limit') FROM d;
SELECT is(pg_temp.drift(), NULL, 'counters = records, held = live holds');
SELECT is((SELECT count(*) FROM budget.policy p WHERE p.tenant_id = :tenant AND pg_temp.over(p.policy_id::text) LIKE
    'wrong%'), 0::bigint, 'causes add up everywhere');
SELECT * FROM finish();
ROLLBACK;
