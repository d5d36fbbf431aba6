-- Run records of jobs and the lock that keeps a second copy out.
BEGIN;
SELECT plan(15);
\set QUIET on
CREATE TEMP TABLE run (n integer, id uuid);
INSERT INTO run SELECT 1, budget.job_begin('test-job', 'Does nothing.', 15, false);
SELECT ok((SELECT id IS NOT NULL FROM run WHERE n = 1), 'a run begins');
SELECT is((SELECT about || ' ' || every_seconds FROM budget.job WHERE job = 'test-job'), 'Does nothing. 15',
    'the job says what it is');
SELECT is(budget.job_step((SELECT id FROM run WHERE n = 1), 'test-job', 7), true, 'the lock is still ours');
SELECT is((SELECT rows FROM budget.job_run WHERE run_id = (SELECT id FROM run WHERE n = 1)), 7::bigint,
    'rows so far are seen');
SELECT is((SELECT (i ->> 'is_running') || ' ' || (i -> 'runs' -> 0 ->> 'status')
    FROM budget.job_list('00000000-0000-7000-8000-000000000001', '{}', '{}') AS l,
    json_array_elements(l.body -> 'items') AS i
    WHERE i ->> 'job' = 'test-job'), 'true running', 'GET /jobs sees it run');
SELECT lives_ok(format('SELECT budget.job_end(%L, ''test-job'', ''ok'', 9, ''done'')', (SELECT id FROM run
    WHERE n = 1)), 'it ends');
SELECT is((SELECT status || ' ' || rows || ' ' || detail || ' ' || (ended_at >= started_at) FROM budget.job_run
    WHERE run_id = (SELECT id FROM run WHERE n = 1)), 'ok 9 done true', 'with its outcome');
SELECT is(budget.job_step((SELECT id FROM run WHERE n = 1), 'test-job', 9), false, 'and without the lock');
INSERT INTO run SELECT 2, budget.job_begin('test-job', 'Does nothing yet.', NULL, false);
SELECT is((SELECT about || ' ' || every_seconds FROM budget.job WHERE job = 'test-job'), 'Does nothing yet. 15',
    'by hand: the interval stays');
SELECT is(pg_advisory_unlock(budget.job_key('test-job')), true, '(its connection breaks)');
INSERT INTO run SELECT 3, budget.job_begin('test-job', 'Does nothing yet.', NULL, true);
SELECT is((SELECT status || ': ' || split_part(detail, ':', 1) FROM budget.job_run WHERE run_id = (SELECT id FROM run
    WHERE n = 2)), 'failed: died', 'the next one finds the one that died');
SELECT is((SELECT dry_run FROM budget.job_run WHERE run_id = (SELECT id FROM run WHERE n = 3)), true,
    'a dry run is marked');
INSERT INTO budget.job_run (run_id, job, status, rows, ended_at) VALUES
    (budget.uuid_v7(now() - interval '2 days'), 'test-job', 'ok', 0, now()), (budget.uuid_v7(now() - interval '2 days'),
        'test-job', 'ok', 1, now()),
    (budget.uuid_v7(now() - interval '91 days'), 'test-job', 'failed', 0, now());
SELECT budget.job_end((SELECT id FROM run WHERE n = 3), 'test-job', 'ok', 0, NULL) \g /dev/null
SELECT is((SELECT count(*)::int FROM budget.job_run WHERE job = 'test-job'), 4,
    'idle runs are kept for a day, others for 90');
SELECT is((SELECT body ->> 'next_cursor' IS NOT NULL FROM budget.job_list('00000000-0000-7000-8000-000000000001', '{}',
    '{"limit": "1"}') WHERE (SELECT count(*) FROM budget.job) > 1
    UNION ALL SELECT true WHERE (SELECT count(*) FROM budget.job) <= 1), true, 'GET /jobs pages');
SELECT is((SELECT json_array_length(body -> 'items') FROM budget.job_list('00000000-0000-7000-8000-000000000001', '{}',
    jsonb_build_object('cursor', budget.cursor_encode('test-job')))), 0, 'a cursor goes on behind a name');
SELECT * FROM finish();
ROLLBACK;
