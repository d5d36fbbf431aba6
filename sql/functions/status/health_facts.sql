-- What /health asks the database in one call: applied migrations, whether it takes writes, the age of
-- the oldest snapshot (it keeps dead rows from being removed, and hot rows slow down), how the jobs are.
-- Reads: migration, job, job_run.
CREATE OR REPLACE FUNCTION budget.health_facts() RETURNS json
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, budget, pg_temp AS $$
BEGIN
    RETURN json_build_object(
        'server_version', current_setting('server_version'),
        'is_writable', NOT pg_is_in_recovery() AND current_setting('transaction_read_only') = 'off',
        'oldest_snapshot_seconds', (SELECT coalesce(floor(max(extract(epoch FROM clock_timestamp() - a.xact_start))), 0)
            FROM pg_stat_activity a WHERE a.datname = current_database() AND a.backend_xmin IS NOT NULL
                AND a.pid <> pg_backend_pid()),
        'migrations', (SELECT coalesce(json_agg(m.version ORDER BY m.version), '[]') FROM budget.migration m),
        'jobs', (SELECT coalesce(json_agg(json_build_object('job', j.job, 'every_seconds', j.every_seconds,
                'last_status', last.status, 'last_detail', last.detail,
                'ok_age_seconds', floor(extract(epoch FROM clock_timestamp() - ok.ended_at)),
                'known_seconds', floor(extract(epoch FROM clock_timestamp() - first.started_at))) ORDER BY j.job), '[]')
            FROM budget.job j
            LEFT JOIN LATERAL (SELECT r.status, r.detail FROM budget.job_run r WHERE r.job = j.job AND r.status IN ('ok', 'failed')
                               AND NOT r.dry_run ORDER BY r.run_id DESC LIMIT 1) last ON true
            LEFT JOIN LATERAL (SELECT r.ended_at FROM budget.job_run r WHERE r.job = j.job AND r.status = 'ok' AND NOT r.dry_run
                               ORDER BY r.run_id DESC LIMIT 1) ok ON true
            LEFT JOIN LATERAL (SELECT r.started_at FROM budget.job_run r WHERE r.job = j.job ORDER BY r.run_id LIMIT 1) first ON true));
END $$;
