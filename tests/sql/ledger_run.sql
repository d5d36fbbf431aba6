-- The ledger's rules, one request at a time and in groups (rules 2, 3, 6, 8-12).
BEGIN;
SELECT plan(79);
\ir ../harness/ledger.psql
CREATE TEMP TABLE p AS SELECT pg_temp.policy('{"period": "monthly", "type": "hard_limit", "cost_limit": 10, "token_limit": 100000}') AS hard;
CREATE FUNCTION pg_temp.hard() RETURNS text LANGUAGE sql AS $$ SELECT pg_temp.state(hard) FROM p $$;

-- Recording is recording a fact (rule 10), exact (1), in disjoint classes (2), at a frozen price (3).
CREATE TEMP TABLE r AS SELECT pg_temp.record('{"context_id": "before", "input_tokens": 100, "output_tokens": 50, "cache_read_tokens": 7}') AS a;
SELECT is(a ->> 'status', '201', 'rule 10: a record is stored') FROM r;
SELECT is(a -> 'body' ->> 'total_cost', '0.207', 'rule 1: its cost is exact: 107 x 0.001 + 50 x 0.002') FROM r;
SELECT is(a -> 'body' ->> 'total_tokens', '157', 'rule 2: total_tokens is the sum of the classes') FROM r;
SELECT is(a -> 'body' ->> 'cause', 'unheld', 'nobody held money for it') FROM r;
SELECT is(pg_temp.hard(), '0.207 0', 'it is counted');
SELECT is(pg_temp.record('{"context_id": "before", "input_tokens": 20000}') ->> 'status', '201',
    'rule 10: a record is never refused by a limit');
SELECT is(pg_temp.hard(), '20.207 0', 'it passes the limit as a fact');
SELECT is(pg_temp.reserve('{"tokens": 1}') ->> 'status', '402', 'rule 6: and what would be held now is refused');
SELECT is(pg_temp.record('{"context_id": "before", "model": "nobody-knows", "input_tokens": 10}') -> 'body' ->> 'priced', 'false', 'rule 3: a model without a price is not 0');
SELECT is(pg_temp.record('{"context_id": "before", "model": "nobody-knows", "input_tokens": 10}') -> 'body' ->> 'ceiling_cost', '0.001', 'rule 3: it counts at the ceiling');
SELECT is((SELECT pg_temp.counted(hard) ->> 'ceiling' FROM p), '0.002', 'rule 3: kept apart from priced spend');
SELECT is(pg_temp.record('{"context_id": "before", "model": "free", "input_tokens": 10}') -> 'body' ->> 'total_cost',
    '0', 'rule 3: a free model costs 0');
SELECT is(pg_temp.reserve('{"model": "free", "tokens": 10}') ->> 'status', '201',
    'rule 3: cost 0 passes an exhausted cost limit');
SELECT is(pg_temp.drift(), NULL, 'counters = records, held = live holds');

-- A limit per session: hold, settle, release.
SELECT pg_temp.call('policy_retire', jsonb_build_object('id', hard)) FROM p \g /dev/null
UPDATE p SET hard = pg_temp.policy('{"period": "per_session", "type": "hard_limit", "cost_limit": 10}');
CREATE TEMP TABLE h AS SELECT pg_temp.reserve('{"context_id": "c1", "tokens": 1000}') AS a;
SELECT is(a ->> 'status', '201', 'rule 8: a hold is granted') FROM h;
SELECT is(a -> 'body' ->> 'held_cost', '2', 'rule 9: at the dearest class: 1000 x 0.002') FROM h;
SELECT is(a -> 'body' ->> 'estimated_cost', '1.75', 'rule 9: the plain estimate stands beside it: 250 in, 750 out')
    FROM h;
SELECT is(pg_temp.hard(), '20.207 2', 'held, not spent');
SELECT is(pg_temp.reserve('{"context_id": "c1", "cost": 8.01}') ->> 'status', '402',
    'rule 9: spent + held + request <= limit');
SELECT is(pg_temp.reserve('{"context_id": "c1", "cost": 8}') ->> 'status', '201', 'rule 9: the last cent can be held');
SELECT is(pg_temp.reserve('{"context_id": "c1", "cost": 0.000001}') ->> 'code', 'insufficient_budget',
    'and nothing beyond it');
SELECT is(pg_temp.reserve('{"context_id": "c2", "cost": 10}') ->> 'status', '201', 'another session has its own limit');
SELECT is(pg_temp.reserve('{"cost": 10}') ->> 'status', '201', 'requests without a session share one');
SELECT is(pg_temp.reserve('{"cost": 1}') ->> 'status', '402', 'so that leaving the id out is no escape');
SELECT is(pg_temp.act('release', a ->> 'id') -> 'body' ->> 'cost_released', '2', 'rule 11: release frees it') FROM h;
SELECT is(pg_temp.act('release', a ->> 'id') -> 'body' ->> 'state', 'released',
    'rule 11: releasing again says which act came first') FROM h;
SELECT is(pg_temp.act('release', a ->> 'id') -> 'body' ->> 'cost_released', '0', 'rule 11: and changes nothing') FROM h;
SELECT is(pg_temp.act('extend', a ->> 'id', '{"ttl_seconds": 60}') ->> 'code', 'allocation_released',
    'a released hold is not extended') FROM h;
SELECT is(pg_temp.reserve('{"context_id": "c1", "cost": 2}') ->> 'status', '201',
    'rule 9: what is freed can be held again at once');
SELECT is(pg_temp.act('release', '01900000-0000-7000-8000-000000000000') ->> 'code', 'allocation_not_found',
    'an unknown hold is 404');
SELECT is(pg_temp.drift(), NULL, 'counters = records, held = live holds');

-- Settling.
UPDATE h SET a = pg_temp.reserve('{"context_id": "s1", "tokens": 1000}');
SELECT is(pg_temp.record('{"context_id": "s1", "input_tokens": 400}') -> 'body' -> 'allocation' ->> 'remaining_cost',
    '1.6', 'rule 10: the oldest live hold of the context is consumed');
SELECT is(pg_temp.record(jsonb_build_object('hold_id', a -> 'id', 'output_tokens', 1000)) -> 'body' ->> 'cause',
    'overage', 'rule 10: use beyond it is overage') FROM h;
SELECT is((SELECT state || ' ' || trim_scale(overage_cost) || ' ' || overage_tokens
    FROM budget.hold WHERE hold_id = (a ->> 'id')::uuid), 'settled 0.4 400',
    'the hold keeps how much') FROM h;
SELECT is(pg_temp.record(jsonb_build_object('hold_id', a -> 'id', 'output_tokens', 1)) -> 'body' ->> 'cause', 'late',
    'rule 10: a resolved hold covers nothing more') FROM h;
SELECT is(pg_temp.record('{"hold_id": "01900000-0000-7000-8000-000000000000", "output_tokens": 1}') -> 'body' ->> 'flags', '["hold_unknown"]', 'rule 10: an unknown hold is recorded and flagged');
UPDATE h SET a = pg_temp.reserve('{"context_id": "s2", "tokens": 1000, "is_final": true}');
SELECT is(pg_temp.record('{"context_id": "s2", "input_tokens": 1}') -> 'body' -> 'allocation' ->> 'state', 'settled',
    'rule 10: a final record settles');
SELECT is((SELECT trim_scale(sum(held_cost)) FROM budget.policy_state WHERE tenant_id = :tenant AND scope = 's2'),
    0::numeric, 'and the rest is free');
UPDATE h SET a = pg_temp.reserve('{"context_id": "s3", "tokens": 1000}');
SELECT is(pg_temp.record('{"context_id": "s3", "input_tokens": 1, "is_final": true}') -> 'body' -> 'allocation' ->> 'state', 'settled', 'rule 10: final: true on the record settles any hold');
SELECT is(pg_temp.record('{"context_id": "s3", "component": "other", "input_tokens": 1}') -> 'body' ->> 'allocation_id', NULL, 'a settled hold is not found by context');
SELECT is(pg_temp.drift(), NULL, 'counters = records, held = live holds');

-- Expiry (rule 11): from that instant it counts for nothing, swept or not.
SELECT pg_temp.reserve('{"context_id": "e1", "cost": 10}') \g /dev/null
UPDATE budget.hold SET expires_at = now() - interval '1 hour' WHERE tenant_id = :tenant AND context_id = 'e1';
SELECT is(pg_temp.quote('{"context_id": "e1"}') ->> 'remaining_cost', '10',
    'rule 11: a quote does not see an expired hold');
SELECT is(pg_temp.quote('{"context_id": "e1"}') ->> 'remaining_tokens', NULL,
    'rule 8: where no limit counts tokens, no remainder is said, not one of 0');
SELECT is(pg_temp.quote('{"context_id": "e1"}') ->> 'max_tokens_that_fit', '5000',
    'rule 8: and what fits follows from the other limit');
SELECT is(pg_temp.reserve('{"context_id": "e1", "cost": 10}') ->> 'status', '201', 'rule 11: nor does admission');
SELECT is(pg_temp.reserve('{"context_id": "e1", "cost": 0.01}') ->> 'status', '402', 'and it is given away once');
SELECT is((SELECT trim_scale(held_cost) FROM budget.policy_state WHERE tenant_id = :tenant AND scope = 'e1'),
    20::numeric, 'the stored sum still has it until it is swept');
SELECT is(pg_temp.drift(), NULL, 'which is what live rows say too');
UPDATE h SET a = to_jsonb((SELECT hold FROM budget.hold WHERE tenant_id = :tenant AND context_id = 'e1'
    AND expires_at < now() LIMIT 1));
SELECT is(pg_temp.act('extend', a ->> 'hold_id', '{"ttl_seconds": 60}') ->> 'code', 'insufficient_budget',
    'rule 11: an expired hold comes back only if it fits: its room was taken') FROM h;
SELECT is(pg_temp.drift(), NULL, 'touching it swept it');
UPDATE h SET a = pg_temp.reserve('{"context_id": "e2", "cost": 1, "ttl_seconds": 1}');
SELECT is((a #>> '{body,expires_at}')::timestamptz - (a #>> '{body,creation_time}')::timestamptz, interval '1 second',
    'rule 11: its own time to live') FROM h;
SELECT cmp_ok((pg_temp.act('extend', a ->> 'id', '{"ttl_seconds": 7200}') #>> '{body,expires_at}')::timestamptz, '>',
    clock_timestamp() + interval '7100 seconds', 'extended') FROM h;

UPDATE budget.policy_state SET last_t = now() + interval '1 year' WHERE tenant_id = :tenant;
SELECT cmp_ok((pg_temp.reserve('{"context_id": "e3", "cost": 1}') #>> '{body,creation_time}')::timestamptz, '<',
    clock_timestamp(), 'rule 11: a clock that ran far ahead and was put right is forgotten');

-- Idempotency (rule 12).
CREATE TEMP TABLE i AS SELECT budget.uuid_v7() AS id;
SELECT is(pg_temp.record(jsonb_build_object('id', id, 'input_tokens', 5)) ->> 'is_replay', 'false',
    'rule 12: first time') FROM i;
SELECT is(pg_temp.record(jsonb_build_object('id', id, 'input_tokens', 5)) ->> 'is_replay', 'true',
    'rule 12: same id and body -> a replay') FROM i;
SELECT is(pg_temp.record(jsonb_build_object('id', id, 'input_tokens', 6, 'body_hash', '\x01')) ->> 'code',
    'idempotency_mismatch', 'rule 12: other body -> 422') FROM i;
SELECT is(pg_temp.record(jsonb_build_object('key_hash', '\x000102030405060708090a0b0c0d0e0f', 'input_tokens',
    5)) ->> 'is_replay', 'false', 'rule 12: a header key');
SELECT is(pg_temp.record(jsonb_build_object('key_hash', '\x000102030405060708090a0b0c0d0e0f', 'input_tokens',
    5)) ->> 'is_replay', 'true', 'rule 12: names the first record');
SELECT is(pg_temp.reserve('{"key_hash": "\\x100102030405060708090a0b0c0d0e0f", "context_id": "k", "cost": 11}') ->> 'status', '402', 'rule 12: a refusal');
SELECT is((SELECT count(*) FROM budget.request_key WHERE tenant_id = :tenant AND verb = 'reserve'), 0::bigint,
    'rule 12: binds no key');
SELECT is(pg_temp.reserve('{"key_hash": "\\x100102030405060708090a0b0c0d0e0f", "context_id": "k", "cost": 1}') ->> 'status', '201', 'so the key is free for the next try');

-- Groups: facts first, then admissions in order of arrival, greedily.
SELECT pg_temp.reserve('{"context_id": "g", "cost": 10}') ->> 'id' AS held \gset
SELECT is(pg_temp.ledger('{"verb": "reserve", "kind": "check", "context_id": "g", "cost": 6}',
    '{"verb": "reserve", "kind": "check", "context_id": "g", "cost": 7}',
    '{"verb": "reserve", "kind": "check", "context_id": "g", "cost": 2}',
        '{"verb": "reserve", "kind": "check", "context_id": "g", "cost": 2}',
    jsonb_build_object('verb', 'release', 'id', :'held', 'hold_id',
        :'held')) @? '$[*] ? (@.n == 5 && @.status == 200)', true, 'a release in the group');
SELECT is((SELECT string_agg(trim_scale(cost)::text, ' ' ORDER BY cost DESC)
    FROM budget.hold WHERE tenant_id = :tenant AND context_id = 'g' AND state = 'live'), '6 2 2',
    'rule 9: a big refused request does not block small ones behind it');
SELECT is(pg_temp.drift(), NULL, 'counters = records, held = live holds');
SELECT is((SELECT string_agg(r ->> 'status', ' ' ORDER BY (r ->> 'n')::int)
    FROM jsonb_array_elements(pg_temp.ledger('{"input_tokens": 1}',
    '{"input_tokens": 1, "budget_id": "00000000-0000-7000-8000-00000000dead"}',
        '{"input_tokens": 1, "occurred_at": "2001-01-01T00:00:00Z"}', '{"input_tokens": 2}')) r),
    '201 422 422 201', 'one bad item does not fail its neighbours');

-- The decision (rule 8) and soft limits (rule 6).
UPDATE p SET hard = pg_temp.policy('{"period": "daily", "type": "soft_limit", "cost_limit": 1000, "component": "web"}');
SELECT is(pg_temp.quote('{"component": "web", "estimated_tokens": 1000, "context_id": "w"}') ->> 'decision', 'allow',
    'rule 8: allowed');
SELECT is(pg_temp.quote('{"component": "web", "estimated_tokens": 1000, "context_id": "g"}') ->> 'decision', 'block',
    'rule 4: the strictest policy answers');
SELECT is(pg_temp.quote('{"component": "web", "estimated_tokens": 900000, "context_id": "q"}') ->> 'decision',
    'block', 'block goes before approval_required');
SELECT pg_temp.call('policy_retire', jsonb_build_object('id', policy_id)) FROM budget.policy WHERE tenant_id = :tenant
    AND type = 'hard_limit' AND enabled \g /dev/null
SELECT is(pg_temp.quote('{"component": "web", "estimated_tokens": 900000}') ->> 'decision', 'approval_required',
    'rule 6: a soft limit asks for approval');
SELECT pg_temp.call('approval_create', jsonb_build_object('policy_id', hard, 'amount',
    1000)) ->> 'approval_id' AS approval FROM p \gset
SELECT pg_temp.call('approval_grant', jsonb_build_object('id', :'approval')) \g /dev/null
SELECT is(pg_temp.reserve('{"component": "web", "tokens": 900000}') ->> 'status', '201',
    'rule 6: with it the request passes');
SELECT is(pg_temp.quote('{"component": "web", "estimated_tokens": 900000}') ->> 'decision', 'approval_required',
    'rule 6: once');
SELECT pg_temp.call('approval_create', jsonb_build_object('policy_id', hard, 'amount', 1000, 'context_id',
    'mine')) ->> 'approval_id' AS approval FROM p \gset
SELECT pg_temp.call('approval_grant', jsonb_build_object('id', :'approval')) \g /dev/null
SELECT is(pg_temp.quote('{"component": "web", "estimated_tokens": 400000}') ->> 'decision', 'approval_required',
    'rule 6: an approval for a context lifts nothing for others');
SELECT is(pg_temp.ledger('{"verb": "reserve", "kind": "check", "component": "web", "tokens": 400000, "context_id": "mine"}',
    '{"verb": "reserve", "kind": "check", "component": "web", "tokens": 1000, "context_id": "yours"}') @? '$[*] ? (@.n == 1 && @.status == 200)', true, 'rule 6: it does for its own');
SELECT is(pg_temp.reserve('{"component": "web", "tokens": 1000, "context_id": "yours"}') ->> 'status', '402',
    'rule 6: and for no other');
SELECT is(pg_temp.drift(), NULL, 'counters = records, held = live holds');
SELECT is(pg_temp.reserve('{"tokens": 900000, "provider": null, "model": null, "component": null}') ->> 'code',
    'approval_required', 'rule 4: an attribute left out matches every filter');


-- What a provider said.
UPDATE r SET a = pg_temp.record('{"context_id": "said", "input_tokens": 1, "reported_cost": 0.003, "flags": ["usage_inconsistent"], "raw": {"prompt_tokens": 1}}');
SELECT is(a -> 'body' ->> 'cost_gap', '-0.002', 'the provider''s own cost stands beside ours: it says 0.002 more') FROM r;
SELECT is(a -> 'body' -> 'flags', '["usage_inconsistent"]', 'what the normaliser noticed is a flag of the record') FROM r;
SELECT is(pg_temp.call('usage_get', jsonb_build_object('id', a ->> 'id')) -> 'raw', '{"prompt_tokens": 1}',
    'what the provider said is kept where it was asked for') FROM r;
SELECT * FROM finish();
ROLLBACK;
