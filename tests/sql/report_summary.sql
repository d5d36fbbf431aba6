-- The summary report.
BEGIN;
SELECT plan(13);
\ir ../harness/usage.psql
SELECT pg_temp.policy(1, '{"period": "monthly", "cost_limit": 100}') \g /dev/null
SELECT pg_temp.record(jsonb_build_object('input_tokens', n, 'cost', n * 0.1, 'provider', 'p' || n, 'charged_at',
    '2026-03-10T12:00:00Z')) FROM generate_series(1, 8) AS n \g /dev/null
SELECT pg_temp.record('{"input_tokens": 4, "cost": 1.2, "charged_at": "2026-03-08T12:00:00Z"}'),
    pg_temp.record('{"input_tokens": 5, "ceiling_cost": 9, "charged_at": "2026-03-10T12:00:00Z"}') \g /dev/null
SELECT pg_temp.call('report_summary', '{"start_date": "2026-03-10", "end_date": "2026-03-11", "top": 3}') AS r \gset

SELECT is(:'r'::jsonb #>> '{totals,cost}', '3.6', 'totals of the range');
SELECT is(:'r'::jsonb -> 'unpriced', '{"count": 1, "tokens": 5, "ceiling_cost": 9}',
    'what has no price is shown beside them');
SELECT is((SELECT array_agg(i ->> 'name') FROM jsonb_array_elements(:'r'::jsonb #> '{top,provider}') AS i),
    '{p8,p7,p6,others}', 'the dearest few, and the rest as others');
SELECT is((SELECT sum((i ->> 'cost')::numeric) FROM jsonb_array_elements(:'r'::jsonb #> '{top,provider}') AS i), 3.6,
    'which add up to the total');
SELECT is((SELECT sum((i ->> 'count')::numeric) FROM jsonb_array_elements(:'r'::jsonb #> '{top,provider}') AS i),
    9::numeric, 'in records too');
SELECT is(:'r'::jsonb #> '{top,model,0,share}', '1', 'a share is a part of the cost');
SELECT is(:'r'::jsonb -> 'comparison', '{"start_time": "2026-03-07T18:15:00.000000Z",
    "end_time": "2026-03-09T18:15:00.000000Z",
    "cost": 1.2, "total_tokens": 4, "count": 1, "cost_change": 2.4, "cost_change_fraction": 2,
        "tokens_change": 37}', 'compared with as many days before');
SELECT is(jsonb_array_length(:'r'::jsonb -> 'limits'), 1, 'limits are there');
SELECT is(:'r'::jsonb #> '{limits,0,cost_limit}', '100', 'with what they allow');
SELECT is(:'r'::jsonb #> '{alerts,open}', '0', 'and how many alerts are open');
SELECT is(pg_temp.call('report_summary', '{"period": "lifetime"}') -> 'comparison', 'null',
    'a lifetime has no span before');
SELECT is(pg_temp.call('report_summary') ->> 'period', 'monthly', 'without anything: the month');
SELECT is(jsonb_array_length(pg_temp.call('report_list') -> 'items'), 4, 'the list of reports');
SELECT * FROM finish();
ROLLBACK;
