-- The run record of jobs, and the lock that keeps a second copy out. Called by cron/job.c only.
-- The lock is an advisory one of the session: it goes with the connection, so a killed job blocks nobody.

CREATE OR REPLACE FUNCTION budget.job_key(job text) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
    SELECT hashtextextended('job ' || job, 3)
$$;

-- Starts a run: its id, or NULL when another copy runs. A run that is still marked as running had no lock any more, so
-- it died. takes_wishes: the oldest run somebody asked for by the API (queued) is the one that begins, as it was asked
-- for (job_run.dry_run, options).
-- Writes: job, job_run
CREATE OR REPLACE FUNCTION budget.job_begin(p_job text, p_about text, p_every_seconds integer, p_dry_run boolean,
    takes_wishes boolean DEFAULT false) RETURNS uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, budget, pg_temp AS $$
DECLARE
    run uuid;
BEGIN
    IF NOT pg_try_advisory_lock(budget.job_key(p_job)) THEN
        RETURN NULL;
    END IF;
    UPDATE budget.job_run r SET status = 'failed', ended_at = clock_timestamp(),
        detail = 'died: its connection ended before it did'
    WHERE r.job = p_job AND r.status = 'running';
    INSERT INTO budget.job AS j (job, about, every_seconds) VALUES (p_job, p_about, p_every_seconds)
    ON CONFLICT (job) DO UPDATE SET about = excluded.about, every_seconds = coalesce(excluded.every_seconds,
        j.every_seconds),
        updated_at = clock_timestamp()
    WHERE (j.about, j.every_seconds) IS DISTINCT FROM (excluded.about, coalesce(excluded.every_seconds,
        j.every_seconds));
    UPDATE budget.job_run AS r SET status = 'running', started_at = clock_timestamp()
    WHERE takes_wishes AND r.run_id = (SELECT q.run_id FROM budget.job_run AS q
        WHERE q.job = p_job AND q.status = 'queued' ORDER BY q.run_id LIMIT 1) RETURNING r.run_id INTO run;
    IF run IS NULL THEN
        run := budget.uuid_v7();
        INSERT INTO budget.job_run (run_id, job, dry_run) VALUES (run, p_job, p_dry_run);
    END IF;
    RETURN run;
END $$;

-- After each batch: stores the rows so far; false when the lock is gone (a reconnect), then another copy may run.
CREATE OR REPLACE FUNCTION budget.job_step(p_run uuid, p_job text, p_rows bigint) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, budget, pg_temp AS $$
DECLARE
    key constant bigint := budget.job_key(p_job);
BEGIN
    UPDATE budget.job_run SET rows = p_rows WHERE run_id = p_run;
    RETURN EXISTS (SELECT FROM pg_locks l WHERE l.locktype = 'advisory' AND l.pid = pg_backend_pid() AND l.objsubid = 1
                   AND l.classid = (key >> 32 & 4294967295)::oid AND l.objid = (key & 4294967295)::oid);
END $$;

-- Ends a run and gives the lock back. Runs without rows that went well are kept for a day, all others for 90 days.
CREATE OR REPLACE FUNCTION budget.job_end(p_run uuid, p_job text, p_status text, p_rows bigint, p_detail text)
    RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, budget, pg_temp AS $$
BEGIN
    UPDATE budget.job_run SET status = p_status, rows = p_rows, detail = p_detail, ended_at = clock_timestamp()
        WHERE run_id = p_run;
    DELETE FROM budget.job_run r WHERE r.job = p_job AND r.run_id < budget.uuid_v7_floor(clock_timestamp() - CASE
        WHEN r.rows = 0 AND r.status = 'ok' THEN interval '1 day' ELSE interval '90 days' END);
    PERFORM pg_advisory_unlock(budget.job_key(p_job));
END $$;
