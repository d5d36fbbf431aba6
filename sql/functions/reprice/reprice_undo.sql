-- POST /prices/reprice/{id}/undo: a run with the negated deltas; every sum is then what it was before. A run that has
-- not ended is stopped first. Again: answers the same undo. 409 where a later run has corrected the same records: its
-- deltas stand on this one's, so it has to go first.
-- Writes: price_run, audit_log.  Locks: reprice_key -> price_run.
CREATE OR REPLACE FUNCTION budget.reprice_undo(tenant uuid, context jsonb, args jsonb) RETURNS budget.reply
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, budget, pg_temp AS $$
DECLARE
    former budget.price_run;
    run budget.price_run;
    later uuid;
BEGIN
    PERFORM budget.enter(tenant, context), pg_advisory_xact_lock(budget.reprice_key(tenant));
    former := budget.reprice_run((args ->> 'id')::uuid);
    IF former.kind = 'undo' OR former.dry_run THEN
        PERFORM budget.fail(409, 'reprice_not_undoable', '/id', CASE WHEN former.dry_run
            THEN 'This was a dry run: it changed nothing.'
            ELSE 'This run is itself an undo: begin a new reprice instead.' END);
    END IF;
    SELECT * INTO run FROM budget.price_run r WHERE r.tenant_id = tenant AND r.undo_of = former.run_id;
    IF run.run_id IS NOT NULL THEN
        RETURN ROW(200, budget.reprice_json(run), NULL)::budget.reply;
    END IF;
    UPDATE budget.price_run r SET state = 'stopped', ended_at = clock_timestamp()
    WHERE r.tenant_id = tenant AND r.run_id = former.run_id AND r.state = 'running';
    SELECT l.run_id INTO later FROM budget.price_run l
    JOIN budget.correction n ON n.tenant_id = l.tenant_id AND n.run_id = l.run_id
    JOIN budget.correction c ON c.tenant_id = tenant AND c.run_id = former.run_id AND c.record_id = n.record_id
    WHERE l.tenant_id = tenant AND l.kind <> 'undo' AND l.created_at > former.created_at AND NOT EXISTS (
        SELECT FROM budget.price_run o WHERE o.tenant_id = tenant AND o.undo_of = l.run_id AND o.state = 'done')
    LIMIT 1;
    IF later IS NOT NULL THEN
        PERFORM budget.fail(409, 'reprice_not_latest', '/id', format('Run %s has corrected some of these records '
            'since: undo that one first.', later), jsonb_build_object('run_id', later));
    END IF;
    run.kind := 'undo';
    run.undo_of := former.run_id;
    run.dry_run := false;
    run.filters := former.filters;
    run.starts := former.starts;
    run.ends := former.ends;
    run.reason := coalesce(args ->> 'reason', '');
    run := budget.reprice_open(run);
    RETURN ROW(202, budget.reprice_json(run), NULL)::budget.reply;
END $$;

-- The next stretch of an undo: corrections of the run it undoes, by record, with the other sign. The price a record
-- goes back to is that of the correction before, else the one it was booked with.
CREATE OR REPLACE FUNCTION budget.reprice_undone(run budget.price_run, batch integer) RETURNS budget.reprice_stretch
LANGUAGE plpgsql STABLE AS $$
DECLARE
    result budget.reprice_stretch;
BEGIN
    SELECT array_agg(ROW(u.record_id, u.charged_at, u.shape_id, u.context_id, u.task_id, u.revisions, e.was_priced,
               e.cost, coalesce(b.pricing_id, u.pricing_id), -c.delta_cost, -c.delta_ceiling)::budget.reprice_item
               ORDER BY c.record_id), count(*)
      INTO result.items, result.examined
      FROM (SELECT n.* FROM budget.correction n WHERE n.tenant_id = run.tenant_id AND n.run_id = run.undo_of
                AND n.record_id > run.after_id ORDER BY n.record_id LIMIT batch) c
      JOIN budget.usage_record u ON u.tenant_id = run.tenant_id AND u.record_id = c.record_id
     CROSS JOIN LATERAL budget.reprice_effective(u) e
      LEFT JOIN LATERAL (SELECT x.pricing_id FROM budget.correction x WHERE x.tenant_id = run.tenant_id
                AND x.record_id = c.record_id AND (x.created_at, x.run_id) < (c.created_at, c.run_id)
                ORDER BY x.created_at DESC, x.run_id DESC LIMIT 1) b ON true;
    result.unpriced := 0;
    result.after_id := (result.items[cardinality(result.items)]).record_id;
    result.is_last := result.examined < batch;
    RETURN result;
END $$;
