-- GET /jobs {page, limit, cursor}: the jobs by name, each with its last runs, newest first.
CREATE OR REPLACE FUNCTION budget.job_list(tenant uuid, context jsonb, args jsonb) RETURNS budget.reply
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, budget, pg_temp AS $$
DECLARE
    size constant integer := coalesce((args ->> 'limit')::integer, 50);
    page constant integer := coalesce((args ->> 'page')::integer, 1);
    after constant text := (budget.cursor_decode(args ->> 'cursor', 1))[1];
    rows json[];
BEGIN
    PERFORM budget.enter(tenant, context);
    rows := ARRAY(SELECT budget.job_json(j) FROM budget.job j WHERE after IS NULL OR j.job > after
                  ORDER BY j.job LIMIT size + 1 OFFSET CASE
                      WHEN after IS NULL THEN (page - 1) * size::bigint ELSE 0 END);
    RETURN (NULL::integer, json_build_object('items', to_json(rows[:size]), 'total', (SELECT count(*) FROM budget.job),
        'page', page,
        'limit', size, 'next_cursor', CASE
            WHEN cardinality(rows) > size THEN budget.cursor_encode(rows[size] ->> 'job') END), NULL::text);
END $$;

CREATE OR REPLACE FUNCTION budget.job_json(j budget.job) RETURNS json LANGUAGE sql STABLE AS $$
    SELECT json_build_object('job', j.job, 'about', j.about, 'every_seconds', j.every_seconds,
        'is_running', EXISTS (SELECT FROM pg_locks l WHERE l.locktype = 'advisory' AND l.objsubid = 1 AND l.granted
            AND l.classid = (budget.job_key(j.job) >> 32 & 4294967295)::oid
                AND l.objid = (budget.job_key(j.job) & 4294967295)::oid
            AND l.database = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())),
        'last_ok_at', (SELECT budget.utc(max(r.ended_at)) FROM budget.job_run r WHERE r.job = j.job AND r.status = 'ok'
            AND NOT r.dry_run),
        'runs', coalesce((SELECT json_agg(json_build_object('run_id', r.run_id, 'started_at', budget.utc(r.started_at),
            'ended_at', budget.utc(r.ended_at),
                    'status', r.status, 'dry_run', r.dry_run, 'rows', r.rows, 'detail', r.detail)
                        ORDER BY r.run_id DESC)
                 FROM (SELECT * FROM budget.job_run o WHERE o.job = j.job ORDER BY o.run_id DESC LIMIT 5) AS r),
                     '[]'::json))
$$;
