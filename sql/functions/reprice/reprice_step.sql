-- One step of a run in one transaction: looks at the next stretch of records, in the order they were charged in, and
-- corrects at most `batch` (≤ 500) of them. A step that failed left nothing; the next one begins where the last good
-- one ended, and (run, record) is unique. What differs is worked out before the ledger's locks are taken: records never
-- change, and corrections are only written here.
-- Returns how many records it looked at, and whether the run has ended.
-- Writes: price_run, price_run_line, audit_log and what reprice_post() writes.
-- Lock order: reprice_key -> price_run -> what reprice_post() locks.
CREATE OR REPLACE FUNCTION budget.reprice_step(p_tenant uuid, p_run uuid, batch integer, OUT rows bigint,
    OUT done boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, budget, pg_temp AS $$
DECLARE
    run budget.price_run;
    stretch budget.reprice_stretch;
BEGIN
    PERFORM budget.enter(p_tenant, '{"actor": "reprice", "role": "system"}');
    PERFORM pg_advisory_xact_lock(budget.reprice_key(p_tenant))
    FROM budget.price_run r WHERE r.tenant_id = p_tenant AND r.run_id = p_run AND NOT r.dry_run;
    SELECT * INTO run FROM budget.price_run r WHERE r.tenant_id = p_tenant AND r.run_id = p_run FOR UPDATE;
    IF run.state IS DISTINCT FROM 'running' THEN
        rows := 0;
        done := true;
        RETURN;
    END IF;
    stretch := CASE WHEN run.kind = 'undo' THEN budget.reprice_undone(run, least(batch, 500))
                    ELSE budget.reprice_find(run, CASE WHEN run.dry_run THEN 2000 ELSE least(batch, 500) END) END;
    IF cardinality(stretch.items) > 0 THEN
        IF NOT run.dry_run THEN
            PERFORM budget.reprice_post(run, stretch.items);
        END IF;
        PERFORM budget.reprice_add_lines(run, stretch.items);
    END IF;
    UPDATE budget.price_run r
       SET examined = r.examined + stretch.examined, unpriced = r.unpriced + stretch.unpriced,
           unpriced_from = least(r.unpriced_from, stretch.unpriced_from), after_at = coalesce(stretch.after_at, r.after_at),
           after_id = coalesce(stretch.after_id, r.after_id),
           state = CASE WHEN stretch.is_last THEN 'done' ELSE r.state END,
           ended_at = CASE WHEN stretch.is_last THEN clock_timestamp() END
     WHERE r.tenant_id = p_tenant AND r.run_id = p_run RETURNING r.* INTO run;
    IF stretch.is_last THEN
        PERFORM budget.reprice_end(run);
    END IF;
    rows := greatest(stretch.examined, 1);
    done := stretch.is_last;
END $$;

-- What the items change, added to the run's lines.
CREATE OR REPLACE FUNCTION budget.reprice_add_lines(run budget.price_run, items budget.reprice_item[]) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO budget.price_run_line AS l (tenant_id, run_id, budget_id, provider, model, records, newly_priced,
        old_cost, delta_cost, delta_ceiling)
    SELECT run.tenant_id, run.run_id, s.budget_id, coalesce(s.provider, ''), coalesce(s.model, ''), count(*),
        count(*) FILTER (WHERE NOT i.was_priced), sum(i.old_cost), sum(i.delta_cost), sum(i.delta_ceiling)
    FROM unnest(items) i JOIN budget.shape s ON s.tenant_id = run.tenant_id AND s.shape_id = i.shape_id
    GROUP BY s.budget_id, coalesce(s.provider, ''), coalesce(s.model, '')
    ON CONFLICT (tenant_id, run_id, budget_id, provider, model) DO UPDATE
    SET records = l.records + excluded.records, newly_priced = l.newly_priced + excluded.newly_priced,
        old_cost = l.old_cost + excluded.old_cost, delta_cost = l.delta_cost + excluded.delta_cost,
        delta_ceiling = l.delta_ceiling + excluded.delta_ceiling;
END $$;

-- The end of a run, on paper. A true-up that found nothing leaves no trace.
CREATE OR REPLACE FUNCTION budget.reprice_end(run budget.price_run) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    total constant json := budget.reprice_total(run);
BEGIN
    IF run.kind = 'true_up' THEN
        UPDATE budget.tenant t
           SET trued_up_epoch = (run.filters ->> 'price_epoch')::bigint, trued_up_at = run.created_at,
               -- what comes from here on may be dated back: true_up_since()
               trued_up_from = least(run.unpriced_from, run.created_at)
         WHERE t.tenant_id = run.tenant_id;
    ELSIF run.kind = 'undo' THEN                    -- what a true-up had priced has no price again
        UPDATE budget.tenant t SET trued_up_from = NULL WHERE t.tenant_id = run.tenant_id;
    END IF;
    IF run.kind = 'true_up' AND (total ->> 'records')::bigint = 0 THEN
        DELETE FROM budget.price_run r WHERE r.tenant_id = run.tenant_id AND r.run_id = run.run_id;
    ELSIF NOT run.dry_run THEN
        PERFORM budget.audit('reprice.end', run.run_id::text, NULL, jsonb_build_object('kind', run.kind,
            'examined', run.examined) || total::jsonb);
    END IF;
END $$;

-- Runs that have not ended, oldest first, for the job that goes on with them.
CREATE OR REPLACE FUNCTION budget.reprice_waiting() RETURNS TABLE (tenant_id uuid, run_id uuid) LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, budget, pg_temp AS $$
DECLARE
    one uuid;
BEGIN
    FOR one IN SELECT t.t FROM budget.verify_tenants() AS t (t) LOOP
        PERFORM budget.enter(one, '{"actor": "reprice", "role": "system"}');
        RETURN QUERY SELECT r.tenant_id, r.run_id FROM budget.price_run r
            WHERE r.tenant_id = one AND r.state = 'running' ORDER BY r.run_id;
    END LOOP;
END $$;
