-- 0010_jobs.sql
-- Why:   GET /jobs tells what jobs there are, not only which have run; each job says what it is when it starts.
-- Locks: none (new table).
-- Mixed: first release.

CREATE TABLE budget.job (
    job           text PRIMARY KEY CHECK (job ~ '^[a-z][a-z-]{1,40}$'),
    about         text NOT NULL,
    every_seconds integer CHECK (every_seconds > 0), -- of the private schedule; NULL = started by hand or by cron so far
    updated_at    timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE budget.job IS 'What a job says about itself at each start. The schedule itself is etc/schedule.tsv.';
