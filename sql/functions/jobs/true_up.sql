-- Begins what makes unpriced records right: a run of kind true_up for each tenant whose prices (its own or the
-- catalogue's) have moved since its unpriced records were last looked at, or that has not been looked at for a day (a
-- record may come late for a price that is there). The job steps it to its end: each record gets one correction row
-- that moves it from the ceiling to its cost. A tenant without unpriced records, or with another run under way, is
-- passed over.
-- Returns the runs; dry_run: without beginning them, run_id NULL.
-- Writes: price_run, tenant, audit_log.
CREATE OR REPLACE FUNCTION budget.true_up_begin(dry_run boolean DEFAULT false)
RETURNS TABLE (tenant_id uuid, run_id uuid) LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, budget, pg_temp AS $$
DECLARE
    one budget.tenant;
    run budget.price_run;
    catalogue constant bigint := budget.catalogue_epoch();
    looked_at timestamptz;
BEGIN
    FOR tenant_id IN SELECT t.t FROM budget.verify_tenants() AS t (t) LOOP
        PERFORM budget.enter(tenant_id, '{"actor": "true-up", "role": "system"}');
        SELECT * INTO one FROM budget.tenant t WHERE t.tenant_id = true_up_begin.tenant_id;
        CONTINUE WHEN one.price_epoch + catalogue = one.trued_up_epoch
            AND one.trued_up_at > clock_timestamp() - interval '1 day';
        CONTINUE WHEN EXISTS (SELECT FROM budget.price_run r WHERE r.tenant_id = one.tenant_id AND r.state = 'running'
            AND NOT r.dry_run);
        run_id := NULL;
        looked_at := clock_timestamp();
        IF budget.true_up_is_due(one) THEN
            IF NOT dry_run THEN
                run := budget.true_up_run(one, one.price_epoch + catalogue);
                run_id := run.run_id;
            END IF;
            RETURN NEXT;
        ELSIF NOT dry_run THEN
            UPDATE budget.tenant t SET trued_up_epoch = one.price_epoch + catalogue, trued_up_at = looked_at,
                trued_up_from = CASE WHEN t.trued_up_from IS NOT NULL THEN budget.true_up_since(t) END
            WHERE t.tenant_id = one.tenant_id;
        END IF;
    END LOOP;
END $$;

-- No record that is charged before has no price: what the last run found, and what was booked since and charged to a time
-- before that (by a date of its own, from a spool, on an old hold). A group that was under way when the last run began ends
-- within minutes; what waited in a spool comes within a month, or its id is too old to be looked for here.
CREATE OR REPLACE FUNCTION budget.true_up_since(one budget.tenant) RETURNS timestamptz LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN CASE WHEN one.trued_up_from IS NULL THEN '-infinity' ELSE least(one.trued_up_from, (
        SELECT min(u.charged_at) FROM budget.usage_record u
         WHERE u.tenant_id = one.tenant_id AND u.cost IS NULL AND u.charged_at < one.trued_up_from
           AND u.record_id >= budget.ids_from(one.trued_up_at - interval '1 month')
           AND u.booked_at > one.trued_up_at - interval '5 minutes')) END;
END $$;

-- The run itself, for the tenant that is entered. epoch: the state of prices it looks at.
CREATE OR REPLACE FUNCTION budget.true_up_run(one budget.tenant, epoch bigint) RETURNS budget.price_run LANGUAGE plpgsql AS $$
DECLARE
    run budget.price_run;
BEGIN
    run.kind := 'true_up';
    run.dry_run := false;
    run.reason := 'a price has arrived';
    run.starts := budget.true_up_since(one);
    run.ends := clock_timestamp() + interval '5 minutes';
    run.filters := jsonb_build_object('unpriced', true, 'price_epoch', epoch);
    RETURN budget.reprice_open(run);
END $$;

-- Is there a record without price whose model has one now? Looks at some thousands at most: when those have all been
-- trued up already, the run shall see.
CREATE OR REPLACE FUNCTION budget.true_up_is_due(one budget.tenant) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
DECLARE
    shapes constant integer[] := ARRAY(SELECT w.shape_id FROM budget.reprice_shapes('{}') w
        WHERE w.price_model IS NOT NULL);
    since constant timestamptz := budget.true_up_since(one);
BEGIN
    RETURN EXISTS (SELECT FROM (SELECT u.record_id, row_number() OVER () AS n FROM budget.usage_record u
            WHERE u.tenant_id = one.tenant_id AND u.cost IS NULL AND u.charged_at >= since AND u.shape_id = ANY (shapes)
            LIMIT 5000) AS u
        WHERE u.n = 5000 OR NOT budget.usage_is_repriced(one.tenant_id, u.record_id));
END $$;

-- Epoch of the shared catalogue's prices.
CREATE OR REPLACE FUNCTION budget.catalogue_epoch() RETURNS bigint LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (SELECT t.price_epoch FROM budget.tenant t WHERE t.tenant_id = budget.catalogue_tenant());
END $$;
