-- Requests of one group that look alike: what one of them may, the other may not.
BEGIN;
SELECT plan(9);
\ir ../harness/ledger.psql

SELECT pg_temp.policy('{"period": "lifetime", "type": "soft_limit", "cost_limit": 1}') AS soft \gset
SELECT pg_temp.call('approval_grant', jsonb_build_object('id', pg_temp.call('approval_create', jsonb_build_object(
    'policy_id', :'soft', 'amount', 1, 'context_id', 'approved', 'reason', 'test')) ->> 'approval_id')) ->> 'state' AS granted \gset
SELECT is(:'granted'::text, 'granted', 'an approval for one context');

-- Two reserves of one shape in one group, the first of the approved context.
CREATE FUNCTION pg_temp.pair(first_cost numeric, second_cost numeric, facts json DEFAULT NULL) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(r.status::text, ' ' ORDER BY r.n)
      FROM budget.ledger_run('00000000-0000-7000-8000-0000000000e1', p_shapes => json_build_array(
            '{"provider": "acme", "model": "one", "is_record": false}'::json,
            '{"provider": "acme", "model": "one", "is_record": true}'::json),
        p_items => (SELECT json_agg(i) FROM (
            SELECT json_build_object('n', 1, 's', 1, 'verb', 'reserve', 'kind', 'allocation', 'id', budget.uuid_v7(),
                'is_fresh', true, 'body_hash', '\x00', 'context_id', 'approved', 'cost', first_cost) AS i
            UNION ALL SELECT json_build_object('n', 2, 's', 1, 'verb', 'reserve', 'kind', 'allocation', 'id', budget.uuid_v7(),
                'is_fresh', true, 'body_hash', '\x00', 'context_id', 'other', 'cost', second_cost)
            UNION ALL SELECT facts WHERE facts IS NOT NULL) x)) r
$$;
SELECT is(pg_temp.pair(3, 1.5), '402 402', 'what is approved for one context lets no other pass, refused early or late');
SELECT is(pg_temp.pair(3, 1.5, json_build_object('n', 3, 's', 2, 'verb', 'record', 'id', budget.uuid_v7(), 'is_fresh', true,
    'body_hash', '\x00', 'requests', 1)), '402 402 201', 'nor behind the locks');
SELECT is((SELECT count(*) FROM budget.hold WHERE tenant_id = :tenant), 0::bigint, 'and nothing is held');
SELECT is(pg_temp.pair(1.5, 1), '201 402', 'the approved context may');

-- The log is in the order of its commits.
SELECT pg_temp.record('{"occurred_at": "2020-01-01T00:00:00Z"}') ->> 'code' AS too_old, hold_id AS hold, expires_at AS ends
  FROM budget.hold WHERE tenant_id = :tenant \gset
SELECT is((SELECT count(*) FROM budget.usage_record WHERE tenant_id = :tenant AND booked_at BETWEEN charged_at - interval '1 s'
    AND clock_timestamp()), 1::bigint, 'a record keeps the instant its group decided at');
SELECT is(pg_temp.act('extend', :'hold', '{"ttl_seconds": 200000}') ->> 'status', '200', 'a hold is extended');
SELECT is((SELECT (e.expires_before, e.was_live, trim_scale(e.added_cost), e.revisions, e.expires_after = h.expires_at)::text
    FROM budget.hold_extension e JOIN budget.hold h USING (tenant_id, hold_id) WHERE e.tenant_id = :tenant AND hold_id = :'hold'),
    (SELECT (:'ends'::timestamptz, true, 0::numeric, ARRAY[1], true)::text), 'and the log says from when to when');
SELECT is(pg_temp.drift(), NULL, 'counters and held sums agree with records and holds');
SELECT * FROM finish();
ROLLBACK;
