-- Slices: a budget holds a part of itself for a child (ledger F28).
BEGIN;
SELECT plan(75);
\ir ../harness/ledger.psql
CREATE FUNCTION pg_temp.delegate(giver text, args jsonb) RETURNS jsonb LANGUAGE sql AS $$
    SELECT pg_temp.reply('delegation_create', jsonb_build_object('id', giver) || args)
$$;
-- "spent held" of a policy, in money.
CREATE TEMP TABLE name (of text PRIMARY KEY, id text);
CREATE FUNCTION pg_temp.id(wanted text) RETURNS text LANGUAGE sql AS $$ SELECT n.id FROM name n
    WHERE n.of = wanted $$;
CREATE FUNCTION pg_temp.at(wanted text) RETURNS text LANGUAGE sql AS $$ SELECT pg_temp.state(pg_temp.id(wanted)) $$;
CREATE FUNCTION pg_temp.hold_on(budget text, item jsonb) RETURNS jsonb LANGUAGE sql AS $$
    SELECT pg_temp.reserve(jsonb_build_object('budget_id', pg_temp.id(budget)) || item)
$$;
CREATE FUNCTION pg_temp.spend_on(budget text, item jsonb) RETURNS jsonb LANGUAGE sql AS $$
    SELECT pg_temp.record(jsonb_build_object('budget_id', pg_temp.id(budget)) || item)
$$;
INSERT INTO name VALUES ('root', :root), ('top',
    pg_temp.policy('{"period": "monthly", "type": "hard_limit", "cost_limit": 10}')),
    ('team', pg_temp.call('budget_create', '{"name": "team"}') ->> 'budget_id');
INSERT INTO name VALUES ('limit', pg_temp.policy(jsonb_build_object('budget_id', pg_temp.id('team'), 'period',
    'daily', 'type', 'hard_limit', 'cost_limit', 8)));

-- Granting.
CREATE TEMP TABLE d AS SELECT pg_temp.delegate(pg_temp.id('team'), '{"name": "agent", "cost": 5}') AS a;
SELECT is(a ->> 'status', '201', 'a slice is granted') FROM d;
SELECT is((a -> 'body') - '{allocation_id,parent_id,budget_id,policy_id,policies,created_at}'::text[],
    '{"budget_name": "agent", "budget_active": true, "state": "live", "is_active": true, "currency": "USD", "cost": 5,
      "tokens": null, "cost_used": 0, "tokens_used": 0, "remaining_cost": 5, "remaining_tokens": null,
    "overage_cost": 0,
      "overage_tokens": null, "expires_at": null, "resolved_at": null}', 'and shown') FROM d;
SELECT is(jsonb_array_length(a -> 'body' -> 'policies'), 2, 'it stands on the policies of the giver and above')
    FROM d;
INSERT INTO name SELECT 'agent', a -> 'body' ->> 'budget_id' FROM d;
INSERT INTO name SELECT 'slice', a -> 'body' ->> 'policy_id' FROM d;
INSERT INTO name SELECT 'hold', a -> 'body' ->> 'allocation_id' FROM d;
SELECT is(pg_temp.at('limit') || ', ' || pg_temp.at('top'), '0 5, 0 5', 'held on both');
SELECT is(pg_temp.call('policy_get', jsonb_build_object('id', pg_temp.id('slice'))) ->> 'period', 'lifetime',
    'the child''s own limit is the slice');
SELECT is(pg_temp.delegate(pg_temp.id('team'), '{"name": "second", "cost": 3.01}') ->> 'status', '402',
    'what does not fit is refused');
SELECT is(pg_temp.delegate(pg_temp.id('team'), '{"name": "second", "cost": 3.01}') -> 'body' ->> 'policy_id',
    pg_temp.id('limit'), 'by the policy it names');
SELECT is(pg_temp.call('budget_list', '{"name": "second"}') ->> 'total', '0', 'and no budget is left behind');
SELECT is((SELECT count(*) FROM budget.alert a WHERE a.tenant_id = :tenant AND a.level = 'limit'), 1::bigint,
    'the first refusal of a period leaves its alert');
SELECT is(pg_temp.hold_on('team', '{"cost": 3.01}') ->> 'status', '402', 'the parent has that much less');
SELECT is(pg_temp.drift(), NULL, 'held = live holds');

-- Holding and spending in the child.
CREATE TEMP TABLE h AS SELECT pg_temp.hold_on('agent', '{"context_id": "x", "cost": 4, "tokens": 2000}') AS a;
SELECT is(a ->> 'status', '201', 'the child holds within its slice') FROM h;
SELECT is(pg_temp.at('slice') || ', ' || pg_temp.at('limit') || ', ' || pg_temp.at('top'), '0 4, 0 5, 0 5',
    'on itself only');
SELECT is(a ->> 'status' || ' ' || (a -> 'body' ->> 'policy_id' = pg_temp.id('slice')), '402 true',
    'beyond the slice it is refused at its own limit') FROM pg_temp.hold_on('agent', '{"cost": 1.01}') a;
SELECT is(pg_temp.quote(jsonb_build_object('budget_id', pg_temp.id('agent'))) ->> 'remaining_cost', '1',
    'a quote says what is left of it');
SELECT is(pg_temp.record('{"context_id": "x", "input_tokens": 1500, "is_final": true}') -> 'body' ->> 'cause',
    'held', 'a record settles its hold');
SELECT is(pg_temp.at('slice') || ', ' || pg_temp.at('limit') || ', ' || pg_temp.at('top'), '1.5 0, 1.5 3.5, 1.5 3.5',
    'what it cost moves from the slice to spent');
SELECT is(pg_temp.spend_on('agent', '{"input_tokens": 1000}') ->> 'status', '201', 'what nobody held');
SELECT is(pg_temp.at('slice') || ', ' || pg_temp.at('limit'), '2.5 0, 2.5 2.5', 'comes out of the slice as well');
SELECT is(pg_temp.hold_on('team', '{"cost": 3}') ->> 'status', '201', 'the parent can hold the rest');
SELECT is(pg_temp.hold_on('team', '{"cost": 0.01}') ->> 'status', '402', 'and no more: counted once, never less');
SELECT is(pg_temp.spend_on('agent', '{"input_tokens": 3000}') ->> 'status', '201', 'a fact beyond the slice');
SELECT is(pg_temp.at('slice') || ', ' || pg_temp.at('limit'), '5.5 0, 5.5 3',
    'is spent on the parent like any other');
SELECT is((SELECT trim_scale(left_cost) || ' ' || trim_scale(overage_cost) FROM budget.hold
    WHERE hold_id = pg_temp.id('hold')::uuid), '0 0.5', 'and shows on the slice');
SELECT is(pg_temp.drift(), NULL, 'counters = records, held = live holds');
SELECT is((SELECT sum(cost) FROM budget.slice_use WHERE hold_id = pg_temp.id('hold')::uuid), 5::numeric,
    'what each record took is kept');

-- What is not a client's to end.
SELECT is(pg_temp.act('release', pg_temp.id('hold')) ->> 'code', 'allocation_is_slice',
    'a slice is not released like a call''s hold');
SELECT is(pg_temp.act('extend', pg_temp.id('hold'), '{"ttl_seconds": 5}') ->> 'code', 'allocation_is_slice',
    'nor extended');
SELECT is(pg_temp.record(jsonb_build_object('hold_id', pg_temp.id('hold'), 'input_tokens',
    0)) -> 'body' ->> 'cause', 'hold_unknown', 'nor consumed by a record that names it');
SELECT is(pg_temp.refusal('policy_update', jsonb_build_object('id', pg_temp.id('slice'), 'cost_limit', 50)),
    '409 policy_is_slice', 'its limit is not edited');
SELECT is(pg_temp.refusal('policy_retire', jsonb_build_object('id', pg_temp.id('slice'))), '409 policy_is_slice',
    'nor disabled');
SELECT is(pg_temp.refusal('budget_update', jsonb_build_object('id', pg_temp.id('agent'), 'parent_id', :root)),
    '409 budget_has_slice', 'the child is not moved');
SELECT is(pg_temp.refusal('budget_update', jsonb_build_object('id', pg_temp.id('team'), 'parent_id', :root,
    'is_active', false)), '409 budget_has_children', 'nor is its parent retired');
SELECT is(pg_temp.refusal('budget_retire', jsonb_build_object('id', pg_temp.id('agent'))), '409 budget_has_slice',
    'nor it, but by closing');

-- Closing.
UPDATE h SET a = pg_temp.call('budget_create', jsonb_build_object('name', 'small', 'parent_id', :root));
SELECT is(pg_temp.call('budget_close', jsonb_build_object('id', pg_temp.id('agent'))) ->> 'cost_released', '0',
    'an empty slice returns nothing');
INSERT INTO name SELECT 'b', pg_temp.delegate(pg_temp.id('root'),
    '{"name": "b", "cost": 1}') -> 'body' ->> 'budget_id';
SELECT is(pg_temp.at('top'), '5.5 4', 'another slice');
INSERT INTO name SELECT 'bh', pg_temp.hold_on('b', '{"cost": 0.4, "context_id": "bh"}') -> 'body' ->> 'allocation_id';
SELECT is(r ->> 'status' || ' ' || (r ->> 'code') || ' '
    || (r -> 'extra' -> 'allocation_ids' ->> 0 = pg_temp.id('bh')), '409 budget_has_holds true',
    'closing is refused while something is held, and says what')
    FROM pg_temp.reply('budget_close', jsonb_build_object('id', pg_temp.id('b'))) r;
SELECT is(pg_temp.spend_on('b', jsonb_build_object('hold_id', pg_temp.id('bh'), 'input_tokens', 300, 'is_final',
    true)) ->> 'status', '201', 'settled');
CREATE TEMP TABLE c AS SELECT pg_temp.call('budget_close', jsonb_build_object('id', pg_temp.id('b'))) AS a;
SELECT is(a ->> 'cost_released' || ' ' || (a ->> 'is_active') || ' ' || (a -> 'delegation' ->> 'state'),
    '0.7 false released', 'closing returns the rest') FROM c;
SELECT is(pg_temp.at('top'), '5.8 3', 'to the giver');
SELECT is(pg_temp.hold_on('b', '{"cost": 0.1}') ->> 'code', 'budget_inactive', 'a closed budget admits nothing');
SELECT is(pg_temp.call('budget_close', jsonb_build_object('id', pg_temp.id('b'))) ->> 'cost_released', '0',
    'closing again changes nothing');
SELECT is(pg_temp.refusal('budget_close', jsonb_build_object('id', :root)), '409 root_budget', 'the root stays');
SELECT is(pg_temp.drift(), NULL, 'counters = records, held = live holds');

-- A budget just made has no traffic: nobody's look-ups are made anew for it.
SELECT policy_epoch AS epoch FROM budget.tenant WHERE tenant_id = :tenant \gset
INSERT INTO name SELECT 'calm', pg_temp.delegate(:root, '{"name": "calm", "cost": 0.1}') -> 'body' ->> 'budget_id';
SELECT is((SELECT policy_epoch FROM budget.tenant WHERE tenant_id = :tenant), :epoch::bigint,
    'a slice for a new budget leaves what is planned for others alone');
SELECT is(pg_temp.hold_on('calm', '{"cost": 0.11}') ->> 'status', '402',
    'and is its limit from the first request on');
SELECT pg_temp.call('budget_close', jsonb_build_object('id', pg_temp.id('calm'))) \g /dev/null

-- Slices of slices, and an end.
INSERT INTO name SELECT 'one', pg_temp.delegate(:root,
    '{"name": "one", "cost": 1, "ttl_seconds": 3600}') -> 'body' ->> 'budget_id';
UPDATE d SET a = pg_temp.delegate(pg_temp.id('one'), '{"name": "two", "cost": 0.6, "ttl_seconds": 90000}');
INSERT INTO name SELECT 'two', a -> 'body' ->> 'budget_id' FROM d;
SELECT is(a -> 'body' -> 'expires_at', pg_temp.call('delegation_list', jsonb_build_object('id', :root, 'state',
    'live')) -> 'items' -> 0 -> 'expires_at',
    'a slice of a slice ends with it') FROM d;
SELECT is(pg_temp.at('top'), '5.8 4', 'held above once');
SELECT is(pg_temp.hold_on('one', '{"cost": 0.41}') ->> 'status', '402', 'what it gave on it does not have itself');
INSERT INTO name SELECT 'th', pg_temp.hold_on('two',
    '{"cost": 0.6, "context_id": "th", "ttl_seconds": 100000}') -> 'body' ->> 'allocation_id';
SELECT is((SELECT expires_at FROM budget.hold WHERE hold_id = pg_temp.id('th')::uuid),
    (a -> 'body' ->> 'expires_at')::timestamptz,
    'a hold in it lives no longer') FROM d;
SELECT is(pg_temp.record('{"context_id": "th", "input_tokens": 200}') ->> 'status', '201', 'spent below');
SELECT is(pg_temp.at('top'), '6 3.8', 'every slice on the way shrinks');
SELECT is((SELECT string_agg(left_cost::text, ' ' ORDER BY hold_id) FROM budget.hold WHERE kind = 'slice'
    AND state = 'live' AND budget_id <> pg_temp.id('team')::uuid), '0.800 0.400', 'alike');
SELECT is(pg_temp.drift(), NULL, 'counters = records, held = live holds');
UPDATE budget.hold SET expires_at = clock_timestamp() - interval '1 second' WHERE (kind = 'slice'
    AND state = 'live') OR hold_id = pg_temp.id('th')::uuid;
UPDATE budget.policy SET ends_at = clock_timestamp() - interval '1 second' WHERE slice_hold_id IS NOT NULL;
SELECT is(pg_temp.hold_on('one', '{"cost": 0.1}') ->> 'code', 'insufficient_budget',
    'a slice that has ended admits nothing');
SELECT is(pg_temp.hold_on('root', '{"cost": 1}') ->> 'status', '201', 'what was left is free at once');
SELECT budget.holds_expire(100), budget.enter(:tenant) \g /dev/null
SELECT is(pg_temp.at('top'), '6 4', 'swept');
SELECT is(pg_temp.record('{"hold_id": null, "input_tokens": 100}' || jsonb_build_object('budget_id',
    pg_temp.id('two'))) ->> 'status', '201', 'usage after the end');
SELECT is(pg_temp.at('top'), '6.1 4', 'counts above like any other');
SELECT is(pg_temp.drift(), NULL, 'counters = records, held = live holds');

-- A hold that comes back counts where it would be held now.
INSERT INTO name SELECT 'back', pg_temp.call('budget_create', jsonb_build_object('name', 'back', 'parent_id',
    :root)) ->> 'budget_id';
SELECT pg_temp.call('policy_update', jsonb_build_object('id', pg_temp.id('top'), 'cost_limit', 20)) \g /dev/null
INSERT INTO name SELECT 'backh', pg_temp.hold_on('back',
    '{"cost": 1, "context_id": "back"}') -> 'body' ->> 'allocation_id';
UPDATE budget.hold SET expires_at = clock_timestamp() - interval '1 second' WHERE hold_id = pg_temp.id('backh')::uuid;
SELECT budget.holds_expire(100), budget.enter(:tenant) \g /dev/null
INSERT INTO name SELECT 'backs', pg_temp.delegate(:root, jsonb_build_object('budget_id', pg_temp.id('back'), 'cost',
    2,
    'ttl_seconds', 600)) -> 'body' ->> 'policy_id';
SELECT is(pg_temp.at('top'), '6.1 6', 'a slice for its budget meanwhile');
SELECT is(pg_temp.act('extend', pg_temp.id('backh'), '{"ttl_seconds": 6000}') ->> 'status', '200', 'it comes back');
SELECT is(pg_temp.at('top') || ', ' || pg_temp.at('backs'), '6.1 6, 0 1', 'into the slice, not beside it');
SELECT is((SELECT expires_at FROM budget.hold WHERE hold_id = pg_temp.id('backh')::uuid), (SELECT ends_at
    FROM budget.policy
    WHERE policy_id = pg_temp.id('backs')::uuid), 'and ends with it');
SELECT pg_temp.act('release', pg_temp.id('backh')), pg_temp.call('budget_close', jsonb_build_object('id',
    pg_temp.id('back'))) \g /dev/null
SELECT is(pg_temp.at('top'), '6.1 4', 'all of it returns');

-- A child that stands already, with something held and spent; policies made and changed while slices live.
INSERT INTO name SELECT 'old', pg_temp.call('budget_create', jsonb_build_object('name', 'old', 'parent_id',
    :root)) ->> 'budget_id';
SELECT pg_temp.call('policy_update', jsonb_build_object('id', pg_temp.id('top'), 'cost_limit', 100)) \g /dev/null
SELECT pg_temp.hold_on('old', '{"cost": 2, "context_id": "o"}'), pg_temp.spend_on('old',
    '{"input_tokens": 900}') \g /dev/null
SELECT is(pg_temp.delegate(:root, jsonb_build_object('budget_id', pg_temp.id('old'), 'cost', 1)) ->> 'code',
    'slice_too_small', 'a slice is not smaller than what the child holds');
SELECT is(pg_temp.at('top'), '7 6', 'before');
INSERT INTO name SELECT 'olds', pg_temp.delegate(:root, jsonb_build_object('budget_id', pg_temp.id('old'), 'cost',
    3)) -> 'body' ->> 'policy_id';
SELECT is(pg_temp.at('top') || ', ' || pg_temp.at('olds'), '7 7, 0 2',
    'holds of the child move into its slice; what it spent before is not the slice''s');
INSERT INTO name SELECT 'new', pg_temp.policy('{"period": "yearly", "type": "hard_limit", "cost_limit": 100}');
INSERT INTO name SELECT 'tok', pg_temp.policy('{"period": "hourly", "type": "hard_limit", "token_limit": 100000}');
INSERT INTO name SELECT 'ses', pg_temp.policy('{"period": "per_session", "type": "hard_limit", "cost_limit": 50}');
SELECT is(pg_temp.at('new') || ', ' || pg_temp.at('ses'), '7 7, 7 6',
    'a policy made now: where a slice may cover, it stands for the child''s holds');
SELECT is(pg_temp.hold_on('old', '{"tokens": 500, "context_id": "p"}') ->> 'status', '201', 'the child holds');
SELECT is((SELECT held_tokens FROM budget.policy_state s JOIN budget.policy p USING (tenant_id, revision)
    WHERE p.policy_id = pg_temp.id('tok')::uuid), 500::bigint,
    'on policies of a unit the slice does not name, one by one');
SELECT pg_temp.call('policy_patch', jsonb_build_object('id', pg_temp.id('new'), 'token_limit', 100000)) \g /dev/null
SELECT is(pg_temp.at('new'), '7 7', 'a policy that begins to limit such a unit holds them one by one from then on');
SELECT is(pg_temp.drift(), NULL, 'counters = records, held = live holds');
-- A refusal says what was decided: with the child's own holds off the giver's policies, as the slice would have it.
INSERT INTO name SELECT 'judged', pg_temp.call('budget_create', '{"name": "judged"}') ->> 'budget_id';
INSERT INTO name SELECT 'kid', pg_temp.call('budget_create', jsonb_build_object('name', 'kid', 'parent_id', pg_temp.id('judged')))
    ->> 'budget_id';
SELECT pg_temp.policy(jsonb_build_object('budget_id', pg_temp.id('judged'), 'period', 'daily', 'type', 'hard_limit',
    'cost_limit', 0.05)) \g /dev/null
SELECT is(pg_temp.hold_on('kid', '{"cost": 0.02}') ->> 'status', '201', 'the child holds something');
SELECT is((SELECT concat_ws(' ', r ->> 'status', r #>> '{body,decision}', r #>> '{body,remaining_cost}') FROM pg_temp.delegate(
    pg_temp.id('judged'), jsonb_build_object('budget_id', pg_temp.id('kid'), 'cost', 0.06)) r), '402 block 0.05',
    'a slice that is too big is refused by what it was judged by');
SELECT * FROM finish();
ROLLBACK;
