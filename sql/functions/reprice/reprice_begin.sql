-- Corrections: records keep the cost they were booked with; a run appends what prices of today's history add to it.

-- POST /prices/reprice {provider, model, since, until, budget_id, component, unpriced, price, dry_run, reason}: begins
-- a run. It goes on in steps (reprice_step), by the request itself for some seconds, then by the job. One run at a time
-- corrects a tenant: a second one is 409 with the id of the first. A dry run changes nothing and needs no turn.
-- Writes: price_run, audit_log.  Locks: reprice_key.
CREATE OR REPLACE FUNCTION budget.reprice_begin(tenant uuid, context jsonb, args jsonb) RETURNS budget.reply
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, budget, pg_temp AS $$
DECLARE
    run budget.price_run;
    zone text;
    at constant timestamptz := clock_timestamp();
BEGIN
    PERFORM budget.enter(tenant, context);
    run.filters := jsonb_strip_nulls((args - '{dry_run,reason}'::text[]) || jsonb_build_object(
        'budget_id', coalesce(args ->> 'budget_id', budget.context('key_budget_id'))));
    PERFORM budget.budgets_in_sight((run.filters ->> 'budget_id')::uuid);
    zone := (budget.zone_in_sight((run.filters ->> 'budget_id')::uuid)).time_zone;
    run.starts := coalesce(budget.range_bound(args ->> 'since', zone, false), '-infinity');
    -- What is booked later is priced by what is in force then; records may lie some minutes ahead of their booking.
    run.ends := coalesce(budget.range_bound(args ->> 'until', zone, true), at + interval '5 minutes');
    IF run.starts >= run.ends THEN
        PERFORM budget.fail(422, 'range_empty', '/until',
            'until lies before since, or nothing lies between them: swap them.');
    END IF;
    run.kind := 'reprice';
    run.dry_run := coalesce((args ->> 'dry_run')::boolean, false);
    run.reason := coalesce(args ->> 'reason', '');
    run := budget.reprice_open(run);
    RETURN ROW(202, budget.reprice_json(run), NULL)::budget.reply;
END $$;

-- Stores a run that is about to begin: kind, dry_run, args, starts, ends, undo_of, reason are the caller's.
CREATE OR REPLACE FUNCTION budget.reprice_open(run budget.price_run) RETURNS budget.price_run LANGUAGE plpgsql AS $$
DECLARE
    is_alone boolean;
    busy uuid;
BEGIN
    run.tenant_id := budget.tenant();
    run.run_id := budget.uuid_v7();
    run.created_by := coalesce(budget.context('actor'), current_user);
    run.created_at := clock_timestamp();
    run.state := 'running';
    run.after_at := run.starts;
    run.after_id := '00000000-0000-0000-0000-000000000000';
    run.examined := 0;
    run.unpriced := 0;
    IF NOT run.dry_run THEN
        is_alone := pg_try_advisory_xact_lock(budget.reprice_key(run.tenant_id));
        SELECT r.run_id INTO busy FROM budget.price_run r
        WHERE r.tenant_id = run.tenant_id AND r.state = 'running' AND NOT r.dry_run;
        IF busy IS NOT NULL OR NOT is_alone THEN
            PERFORM budget.fail(409, 'reprice_running', '', format('Another run corrects costs at this moment%s: GET '
                '/prices/reprice shows how far it is. Try again when it has ended.', ' (' || busy || ')'),
                jsonb_strip_nulls(jsonb_build_object('run_id', busy)));
        END IF;
        IF run.kind <> 'true_up' THEN               -- which may find nothing: its end is on paper
            PERFORM budget.audit('reprice.begin', run.run_id::text, NULL, jsonb_build_object('kind', run.kind,
                'reason', run.reason, 'undo_of', run.undo_of, 'filters', run.filters));
        END IF;
    END IF;
    DELETE FROM budget.price_run r WHERE r.tenant_id = run.tenant_id AND r.dry_run
        AND r.created_at < run.created_at - interval '7 days';
    DELETE FROM budget.price_run_line l WHERE l.tenant_id = run.tenant_id
        AND NOT EXISTS (SELECT FROM budget.price_run r WHERE r.tenant_id = l.tenant_id AND r.run_id = l.run_id);
    INSERT INTO budget.price_run SELECT run.*;
    RETURN run;
END $$;

-- Key of the lock that lets one run at a time correct a tenant. Its seed keeps it apart from other advisory locks.
CREATE OR REPLACE FUNCTION budget.reprice_key(tenant uuid) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT uuid_hash_extended(tenant, 17)
$$;
