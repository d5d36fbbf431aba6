-- GET /prices/reprice/{id}: a run, how far it is, and what it changed by budget and model.
CREATE OR REPLACE FUNCTION budget.reprice_get(tenant uuid, context jsonb, args jsonb) RETURNS budget.reply
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, budget, pg_temp AS $$
BEGIN
    PERFORM budget.enter(tenant, context);
    RETURN ROW(NULL, budget.reprice_json(budget.reprice_run((args ->> 'id')::uuid)), NULL)::budget.reply;
END $$;

-- A run by its id, or 404. Whoever is bound to a budget sees the runs of that one and those below.
CREATE OR REPLACE FUNCTION budget.reprice_run(id uuid) RETURNS budget.price_run LANGUAGE plpgsql STABLE AS $$
DECLARE
    run budget.price_run;
BEGIN
    SELECT * INTO run FROM budget.price_run r
    WHERE r.tenant_id = budget.tenant() AND r.run_id = id AND r.kind <> 'recalculate'
      AND (budget.context('key_budget_id') IS NULL
           OR (r.filters ->> 'budget_id')::uuid = ANY (budget.budgets_in_sight(NULL)));
    IF run.run_id IS NULL THEN
        PERFORM budget.fail(404, 'reprice_not_found', '/id',
            'There is no run with this id: GET /prices/reprice lists them (dry runs are kept for 7 days).');
    END IF;
    RETURN run;
END $$;

-- Sums over the lines of a run.
CREATE OR REPLACE FUNCTION budget.reprice_total(run budget.price_run) RETURNS json LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (SELECT json_build_object('records', coalesce(sum(l.records), 0),
        'newly_priced', coalesce(sum(l.newly_priced), 0), 'old_cost', budget.decimal(coalesce(sum(l.old_cost), 0)),
        'new_cost', budget.decimal(coalesce(sum(l.old_cost + l.delta_cost), 0)),
        'delta_cost', budget.decimal(coalesce(sum(l.delta_cost), 0)),
        'delta_ceiling', budget.decimal(coalesce(sum(l.delta_ceiling), 0)))
    FROM budget.price_run_line l WHERE l.tenant_id = run.tenant_id AND l.run_id = run.run_id);
END $$;

-- A run as the API shows it. records, costs: of the records that differ; examined: of all looked at; unpriced: of
-- those, the ones no price is known for still. differences: at most 1,000, largest first.
CREATE OR REPLACE FUNCTION budget.reprice_json(run budget.price_run) RETURNS json LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN budget.json_join(budget.json_join(
        json_build_object('run_id', run.run_id, 'kind', run.kind, 'state', run.state, 'dry_run', run.dry_run,
            'undo_of', run.undo_of, 'undone_by', (SELECT o.run_id FROM budget.price_run o
                WHERE o.tenant_id = run.tenant_id AND o.undo_of = run.run_id),
            'reason', run.reason, 'created_by', run.created_by, 'created_at', budget.utc(run.created_at),
            'ended_at', budget.utc(run.ended_at), 'filters', run.filters - 'price_epoch',
            'start_time', budget.utc(nullif(run.starts, '-infinity')), 'end_time', budget.utc(run.ends),
            'looked_at_until', budget.utc(nullif(run.after_at, '-infinity')), 'examined', run.examined,
            'unpriced', run.unpriced),
        budget.reprice_total(run)),
        json_build_object('currency', (SELECT t.currency FROM budget.tenant t WHERE t.tenant_id = run.tenant_id),
            'differences', budget.reprice_lines_json(run)));
END $$;

CREATE OR REPLACE FUNCTION budget.reprice_lines_json(run budget.price_run) RETURNS json LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (SELECT coalesce(json_agg(json_build_object('budget_id', l.budget_id, 'budget', b.name,
        'provider', l.provider, 'model', l.model, 'records', l.records, 'newly_priced', l.newly_priced,
        'old_cost', budget.decimal(l.old_cost), 'new_cost', budget.decimal(l.old_cost + l.delta_cost),
        'delta_cost', budget.decimal(l.delta_cost), 'delta_ceiling', budget.decimal(l.delta_ceiling))
        ORDER BY abs(l.delta_cost) DESC, b.name, l.provider, l.model), '[]')
    FROM (SELECT * FROM budget.price_run_line o WHERE o.tenant_id = run.tenant_id AND o.run_id = run.run_id
          ORDER BY abs(o.delta_cost) DESC LIMIT 1000) l
    LEFT JOIN budget.budget b ON b.tenant_id = run.tenant_id AND b.budget_id = l.budget_id);
END $$;

-- GET /prices/reprice {kind, state, dry_run, page, limit, cursor}: runs, newest first; dry runs only when asked for.
CREATE OR REPLACE FUNCTION budget.reprice_list(tenant uuid, context jsonb, args jsonb) RETURNS budget.reply
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, budget, pg_temp AS $$
DECLARE
    size constant integer := coalesce((args ->> 'limit')::integer, 50);
    page constant integer := coalesce((args ->> 'page')::integer, 1);
    after constant uuid := (budget.cursor_decode(args ->> 'cursor', 1))[1]::uuid;
    seen uuid[];
    found bigint;
    slice budget.price_run[];
BEGIN
    PERFORM budget.enter(tenant, context);
    IF budget.context('key_budget_id') IS NOT NULL THEN
        seen := budget.budgets_in_sight(NULL);
    END IF;
    WITH wanted AS (
        SELECT r FROM budget.price_run r
        WHERE r.tenant_id = tenant AND r.kind <> 'recalculate' AND r.kind = coalesce(args ->> 'kind', r.kind)
          AND r.state = coalesce(args ->> 'state', r.state)
          AND r.dry_run = coalesce((args ->> 'dry_run')::boolean, false)
          AND (seen IS NULL OR (r.filters ->> 'budget_id')::uuid = ANY (seen)))
    SELECT (SELECT count(*) FROM wanted), ARRAY(SELECT w.r FROM wanted w WHERE after IS NULL OR (w.r).run_id < after
        ORDER BY (w.r).run_id DESC LIMIT size + 1
        OFFSET CASE WHEN after IS NULL THEN (page - 1) * size::bigint ELSE 0 END)
    INTO found, slice;
    RETURN ROW(NULL, json_build_object('items', (SELECT coalesce(json_agg(budget.reprice_json(s)
            ORDER BY s.run_id DESC), '[]') FROM unnest(slice[:size]) s), 'total', found, 'page', page, 'limit', size, 'next_cursor', CASE
        WHEN cardinality(slice) > size THEN budget.cursor_encode((slice[size]).run_id::text) END), NULL)::budget.reply;
END $$;
