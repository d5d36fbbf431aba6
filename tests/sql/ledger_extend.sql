-- Extending: what is added to a hold, in time or amount, is admitted like any other (rule 11, ledger F11).
BEGIN;
SELECT plan(37);
\ir ../harness/ledger.psql
CREATE TEMP TABLE p AS SELECT pg_temp.policy('{"period": "lifetime", "type": "hard_limit", "cost_limit": 10, "token_limit": 10000}') AS hard;
CREATE FUNCTION pg_temp.hard() RETURNS text LANGUAGE sql AS $$ SELECT pg_temp.state(hard) FROM p $$;
CREATE FUNCTION pg_temp.extend(hold text, item jsonb) RETURNS jsonb LANGUAGE sql AS $$
    SELECT a || jsonb_build_object('left', a -> 'body' ->> 'remaining_cost', 'freed', a -> 'body' ->> 'cost_released')
      FROM pg_temp.act('extend', hold, item) a
$$;
-- A hold whose time has passed, swept or not.
CREATE FUNCTION pg_temp.expire(wanted text, is_swept boolean) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    UPDATE budget.hold SET expires_at = clock_timestamp() - interval '1 second' WHERE hold_id = wanted::uuid;
    IF is_swept THEN
        PERFORM budget.holds_expire(100), budget.enter('00000000-0000-7000-8000-0000000000e1');
    END IF;
END $$;
CREATE TEMP TABLE h AS SELECT pg_temp.reserve('{"context_id": "a", "tokens": 1000, "ttl_seconds": 60}') -> 'body' ->> 'allocation_id' AS id;
SELECT is(pg_temp.hard(), '0 2', '1000 tokens are held at 2');

SELECT is(pg_temp.extend(id, '{"ttl_seconds": 3600}') ->> 'status', '200', 'a live hold lives longer') FROM h;
SELECT ok((SELECT expires_at > clock_timestamp() + interval '59 minutes' FROM budget.hold WHERE hold_id = id::uuid),
    'as long as asked') FROM h;
SELECT is(pg_temp.extend(id, '{"ttl_seconds": 5}') -> 'body' -> 'expires_at',
    pg_temp.extend(id, '{"ttl_seconds": 5}') -> 'body' -> 'expires_at', 'and never shorter: again changes nothing')
    FROM h;
SELECT is(pg_temp.extend(id, '{"tokens": 2000}') ->> 'left', '4', 'raised: money follows tokens') FROM h;
SELECT is(pg_temp.hard(), '0 4', 'the difference is held');
SELECT is(pg_temp.extend(id, '{"tokens": 2000}') ->> 'left', '4', 'once, however often it is said') FROM h;
SELECT is(pg_temp.extend(id, '{"cost": 10}') ->> 'left', '10', 'up to the last cent of the limit') FROM h;
SELECT is(a ->> 'status' || ' ' || (a ->> 'code'), '402 insufficient_budget', 'and not beyond it')
    FROM h, pg_temp.extend(id, '{"cost": 10.01}') a;
SELECT is(a -> 'body' ->> 'decision', 'block', 'the refusal is the whole decision') FROM h, pg_temp.extend(id,
    '{"tokens": 10001}') a;
SELECT is(a -> 'body' -> 'policies' -> 0 ->> 'policy_id', hard, 'with its policy') FROM p, h, pg_temp.extend(id,
    '{"cost": 11}') a;
SELECT is(pg_temp.hard(), '0 10', 'a refused extension leaves the hold as it was');
SELECT is(a ->> 'left' || ' ' || (a ->> 'freed'), '3 7', 'lowering frees, and says how much') FROM h,
    pg_temp.extend(id, '{"cost": 3}') a;
SELECT is(pg_temp.reserve('{"context_id": "b", "cost": 7}') ->> 'status', '201', 'what it frees can be held at once');
SELECT is(pg_temp.drift(), NULL, 'counters = records, held = live holds');

SELECT is(pg_temp.record('{"context_id": "a", "input_tokens": 1500}') ->> 'status', '201', 'half of it is used');
SELECT is(a ->> 'left', '0', 'a hold is never lowered below what was used of it') FROM h, pg_temp.extend(id,
    '{"cost": 1, "tokens": 1800}') a;
SELECT is((SELECT cost || ' ' || tokens FROM budget.hold WHERE hold_id = id::uuid), '1.500 1800',
    'its size says so') FROM h;
SELECT is(pg_temp.extend(id, '{"cost": 2}') ->> 'left', '0.5', 'it can be raised again') FROM h;
SELECT is(pg_temp.drift(), NULL, 'counters = records, held = live holds');

-- Expired: unswept and swept.
SELECT pg_temp.expire(id, false) FROM h \g /dev/null
SELECT is(pg_temp.extend(id, '{"ttl_seconds": 60}') ->> 'left', '0.5',
    'an expired hold that was not swept yet comes back') FROM h;
SELECT is(pg_temp.hard(), '1.5 7.5', 'held once');
SELECT is(pg_temp.drift(), NULL, 'counters = records, held = live holds');
SELECT pg_temp.expire(id, true) FROM h \g /dev/null
SELECT is(pg_temp.hard(), '1.5 7', 'swept: free');
SELECT is(pg_temp.extend(id, '{"ttl_seconds": 60}') ->> 'left', '0.5',
    'a swept one comes back as well, with what it had left') FROM h;
SELECT is((SELECT state FROM budget.hold WHERE hold_id = id::uuid), 'live', 'alive again') FROM h;
SELECT pg_temp.expire(id, true) FROM h \g /dev/null
SELECT is(pg_temp.reserve('{"context_id": "c", "cost": 1.5}') ->> 'status', '201', 'somebody else takes the room');
SELECT is(pg_temp.extend(id, '{"ttl_seconds": 60}') ->> 'code', 'insufficient_budget',
    'then it is refused: a new admission') FROM h;
SELECT is((SELECT state FROM budget.hold WHERE hold_id = id::uuid), 'expired', 'and stays expired') FROM h;
SELECT is(a -> 0 ->> 'status' || ' ' || (a -> 1 ->> 'status'), '200 200',
    'what a release frees an extension beside it may take')
    FROM h, pg_temp.ledger((SELECT jsonb_build_object('verb', 'release', 'id', x.hold_id, 'hold_id', x.hold_id)
    FROM budget.hold x
        WHERE x.context_id = 'c'), jsonb_build_object('verb', 'extend', 'id', id, 'hold_id', id, 'ttl_seconds',
    60)) a;
SELECT is(pg_temp.drift(), NULL, 'counters = records, held = live holds');

-- Policies made since count it; usage of before is charged where it was admitted.
SELECT pg_temp.expire(id, true) FROM h \g /dev/null
CREATE TEMP TABLE q AS SELECT pg_temp.policy('{"period": "hourly", "type": "hard_limit", "cost_limit": 0.4}') AS small;
SELECT is(pg_temp.extend(id, '{"ttl_seconds": 60}') -> 'body' ->> 'policy_id', small,
    'a policy made since refuses it') FROM h, q;
SELECT pg_temp.call('policy_update', jsonb_build_object('id', small, 'cost_limit', 50)) FROM q \g /dev/null
SELECT is(pg_temp.extend(id, '{"ttl_seconds": 60}') ->> 'status', '200', 'or holds it') FROM h;
SELECT is((SELECT pg_temp.counted(small) ->> 'held' FROM q), '7.5', 'beside what it found held');
SELECT is((pg_temp.record(jsonb_build_object('hold_id', id, 'occurred_at', clock_timestamp() - interval '50 hours',
    'input_tokens', 1)) -> 'body' ->> 'charged_at')::timestamptz,
    (SELECT admitted_at FROM budget.hold WHERE hold_id = id::uuid),
    'usage of before its last admission is charged at that') FROM h;
SELECT pg_temp.act('release', id) FROM h \g /dev/null
SELECT is(pg_temp.extend(id, '{"ttl_seconds": 60}') ->> 'code', 'allocation_released', 'what was released stays so')
    FROM h;
SELECT is(pg_temp.drift(), NULL, 'counters = records, held = live holds');
SELECT * FROM finish();
ROLLBACK;
