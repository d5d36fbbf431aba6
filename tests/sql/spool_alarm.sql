-- What comes from the spool: when it counts, what it is marked with, and what says that it cannot be recorded.
BEGIN;
SELECT plan(12);
\ir ../harness/ledger.psql
CREATE FUNCTION pg_temp.spooled(item jsonb DEFAULT '{}', ago interval DEFAULT '2 hours') RETURNS jsonb LANGUAGE sql AS $$
    SELECT pg_temp.record(item || jsonb_build_object('input_tokens', 1, 'received_at', now() - ago)) -> 'body'
$$;

SELECT is((pg_temp.spooled() ->> 'charged_at')::timestamptz, now() - interval '2 hours', 'it counts when it was received');
SELECT is((pg_temp.spooled(jsonb_build_object('occurred_at', now() - interval '1 day')) ->> 'charged_at')::timestamptz,
    now() - interval '1 day', 'unless it says when');
SELECT is((pg_temp.spooled(jsonb_build_object('occurred_at', now() + interval '1 day')) ->> 'charged_at')::timestamptz,
    now() - interval '2 hours', 'what lies ahead is when it was received');
SELECT is(pg_temp.spooled() -> 'flags', '["spooled"]', 'it is marked');
SELECT is(pg_temp.spooled('{"flags": ["usage_inconsistent"]}') -> 'flags', '["usage_inconsistent", "spooled"]', 'beside other marks');
SELECT is(pg_temp.record('{"input_tokens": 1}') -> 'body' -> 'flags', '[]', 'another record is not');
SELECT is(pg_temp.spooled(jsonb_build_object('occurred_at', now() - interval '71 hours'), '70 hours') ->> 'total_cost', '0.001',
    'how old it may be is judged by when it came');
SELECT is(pg_temp.spooled('{"hold_id": "019a0000-0000-7000-8000-0000de64aded"}') ->> 'cause', 'degraded',
    'an allocation that was granted while the database was away');
SELECT is(pg_temp.spooled('{"hold_id": "019a0000-0000-7000-8000-0000de64adee"}') ->> 'cause', 'hold_unknown', 'and one that is none');

CREATE TEMP TABLE alarm AS SELECT budget.spool_alarm(:tenant, '019a0000-0000-7000-8000-000000000001', 'budget_not_found') AS id;
SELECT is((SELECT type || ' ' || severity || ' ' || (details ->> 'code') FROM budget.alert a JOIN alarm ON alert_id = id),
    'spool_dead_letter error budget_not_found', 'a dead letter raises an alert');
SELECT is(budget.spool_alarm(:tenant, '019a0000-0000-7000-8000-000000000002', 'x'), NULL, 'one a day');
SELECT is(budget.spool_alarm('00000000-0000-7000-8000-00000000dead', '019a0000-0000-7000-8000-000000000002', 'x'), NULL,
    'none for a tenant that is not there');
SELECT * FROM finish();
ROLLBACK;
