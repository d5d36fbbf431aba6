-- POST /prices/update {sources, all, dry_run}: asks for a run of the job price-update. It stands in the list of runs as
-- queued at once; the private schedule starts it within seconds, under a real crond its next start takes it. The same
-- wish again while it waits is the same run.
-- Writes: job, job_run, audit_log.
CREATE OR REPLACE FUNCTION budget.price_update_start(tenant uuid, context jsonb, args jsonb) RETURNS budget.reply
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, budget, pg_temp AS $$
DECLARE
    wanted constant jsonb := jsonb_strip_nulls(jsonb_build_object('sources', args -> 'sources', 'all',
        coalesce(args -> 'all', to_jsonb(args ->> 'sources' IS NULL)), 'dry_run', coalesce(args -> 'dry_run', 'false')));
    run budget.job_run;
BEGIN
    PERFORM budget.enter(tenant, context);
    PERFORM budget.price_house_only();
    PERFORM budget.price_sources_due(ARRAY(SELECT jsonb_array_elements_text(args -> 'sources')), false)
        WHERE jsonb_typeof(args -> 'sources') = 'array';
    PERFORM pg_advisory_xact_lock(hashtextextended('job request price-update', 3));
    SELECT * INTO run FROM budget.job_run AS r
    WHERE r.job = 'price-update' AND r.status = 'queued' AND r.options = wanted;
    IF NOT FOUND THEN
        INSERT INTO budget.job (job, about) VALUES ('price-update', 'Fetches prices from their sources and decides.')
            ON CONFLICT DO NOTHING;             -- it says so itself when it starts
        INSERT INTO budget.job_run (run_id, job, status, dry_run, options, requested_by)
        VALUES (budget.uuid_v7(), 'price-update', 'queued', (wanted ->> 'dry_run')::boolean, wanted,
            budget.context('actor')) RETURNING * INTO run;
        PERFORM budget.audit('price.update_request', run.run_id::text, NULL, wanted);
    END IF;
    RETURN ROW(NULL, budget.price_update_json(run.run_id, 0), NULL)::budget.reply;
END $$;

-- GET /prices/updates/{id}: a run of price-update, how far it is and what it decided; differences at most `limit`.
CREATE OR REPLACE FUNCTION budget.price_update_get(tenant uuid, context jsonb, args jsonb) RETURNS budget.reply
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, budget, pg_temp AS $$
BEGIN
    PERFORM budget.enter(tenant, context);
    IF NOT EXISTS (SELECT FROM budget.job_run AS r WHERE r.run_id = (args ->> 'id')::uuid AND r.job = 'price-update')
       AND NOT EXISTS (SELECT FROM budget.price_update AS u WHERE u.run_id = (args ->> 'id')::uuid) THEN
        PERFORM budget.fail(404, 'update_not_found', '', 'There is no price update with this id: GET /jobs lists runs.');
    END IF;
    RETURN ROW(NULL, budget.price_update_json((args ->> 'id')::uuid, coalesce((args ->> 'limit')::integer, 1000)),
        NULL)::budget.reply;
END $$;

CREATE OR REPLACE FUNCTION budget.price_update_json(p_run uuid, most integer) RETURNS json LANGUAGE sql STABLE AS $$
    SELECT json_build_object('run_id', p_run, 'status', coalesce(r.status, CASE WHEN u.state = 'done' THEN 'ok'
            ELSE 'running' END), 'phase', u.state, 'dry_run', coalesce(r.dry_run, u.dry_run),
        'options', coalesce(r.options, '{}'), 'requested_by', r.requested_by, 'detail', r.detail,
        'counts', coalesce(u.counts, '{}'),
        'sources', (SELECT coalesce(json_agg(jsonb_build_object('source', s.key) || s.value ORDER BY s.key), '[]')
            FROM jsonb_each(coalesce(u.sources, '{}')) AS s),
        'differences', budget.price_differences(p_run, most),
        'differences_total', (SELECT count(*) FROM budget.price_decision AS d WHERE d.run_id = p_run),
        'started_at', budget.utc(coalesce(u.started_at, r.started_at)),
        'ended_at', budget.utc(coalesce(r.ended_at, u.finished_at)))
    FROM (SELECT p_run AS run_id) AS x
    LEFT JOIN budget.job_run AS r ON r.run_id = x.run_id LEFT JOIN budget.price_update AS u ON u.run_id = x.run_id
$$;
