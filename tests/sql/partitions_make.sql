-- Partitions by month of the id, made ahead; no DEFAULT partition.
BEGIN;
SELECT plan(13);
\set QUIET on
SELECT is((SELECT count(*)::int FROM budget.partitions_make()), 0, 'the install made what is needed');
SELECT ok((SELECT first_at <= date_trunc('month', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' - interval '27 days'
    FROM budget.partitions_range()), 'from last month on');
SELECT ok((SELECT end_at > now() + interval '89 days' FROM budget.partitions_range()), 'three months ahead');
SELECT is((SELECT array_agg(p) FROM budget.partitions_make(1, true, '2031-12-15T00:00Z') AS p),
    '{hold_2031_11,hold_2031_12,hold_2032_01,usage_record_2031_11,usage_record_2031_12,usage_record_2032_01}'::text[],
        'a dry run names them, over the turn of a year');
SELECT is((SELECT array_agg(p) FROM budget.partitions_make(0, true, '2031-03-02T00:00Z') AS p WHERE p LIKE 'hold%'),
    '{hold_2031_01,hold_2031_02,hold_2031_03}'::text[],
        'an id made 35 days ago has a place, however short the month between');
SELECT hasnt_table('budget', 'hold_2031_12', 'and makes none');
SELECT is((SELECT count(*)::int FROM budget.partitions_make(1, false, '2031-12-15T00:00Z')), 6, 'made');
SELECT is((SELECT count(*)::int FROM budget.partitions_make(1, false, '2031-12-15T00:00Z')), 0, 'once');
SELECT is((SELECT pg_get_expr(relpartbound, oid) FROM pg_class WHERE oid = 'budget.hold_2031_12'::regclass),
    format('FOR VALUES FROM (%L) TO (%L)', budget.uuid_v7_floor('2031-12-01T00:00Z'),
        budget.uuid_v7_floor('2032-01-01T00:00Z')), 'of a month in UTC, whatever the session''s zone');
SELECT is((SELECT relrowsecurity AND relforcerowsecurity FROM pg_class WHERE oid = 'budget.hold_2031_12'::regclass),
    true, 'row-level security forced');
SELECT is((SELECT pg_get_userbyid(relowner)::text FROM pg_class WHERE oid = 'budget.hold_2031_12'::regclass),
    'budget_owner', 'owned by the owner of tables');
SELECT lives_ok($$INSERT INTO budget.request_key VALUES ('00000000-0000-7000-8000-000000000001', 'x',
    '\x00000000000000000000000000000000', '\x00', budget.uuid_v7('2031-12-31T23:59:59.999Z'))$$,
    'ids of that time exist');
SELECT throws_ok($$INSERT INTO budget.usage_record (tenant_id, record_id, occurred_at, charged_at, received_at,
    shape_id, total_tokens, revisions, body_hash)
    VALUES ('00000000-0000-7000-8000-000000000001', budget.uuid_v7('2040-01-01T00:00Z'), now(), now(), now(), 1, 1,
        '{}', '\x00')$$, '23514', NULL, 'an id beyond has no place');
SELECT * FROM finish();
ROLLBACK;
