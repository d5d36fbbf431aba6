-- Tenants to prove, for the nightly job.
CREATE OR REPLACE FUNCTION budget.verify_tenants() RETURNS SETOF uuid LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, budget, pg_temp AS $$
BEGIN
    PERFORM set_config('budget.tenant', '*', true);
    RETURN QUERY SELECT t.tenant_id FROM budget.tenant t WHERE t.tenant_id <> budget.catalogue_tenant()
        ORDER BY t.tenant_id;
END $$;

-- Differences a finished proof found; when there are any, an alert about the system says so: one a day and tenant.
CREATE OR REPLACE FUNCTION budget.verify_alarm(p_tenant uuid, p_run uuid) RETURNS bigint LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, budget, pg_temp AS $$
DECLARE
    run budget.verify_run;
    draft budget.alert;
BEGIN
    PERFORM budget.enter(p_tenant, '{"actor": "verify", "role": "system"}');
    SELECT * INTO run FROM budget.verify_run v WHERE v.tenant_id = p_tenant AND v.run_id = p_run;
    IF run.differences > 0 THEN
        draft.tenant_id := p_tenant;
        draft.alert_id := budget.uuid_v7();
        draft.scope_group := 'verify';
        draft.period_start := date_trunc('day', run.started_at, 'UTC');
        draft.level := 'system';
        draft.unit := 'none';
        draft.limit_version := 0;
        draft.severity := 'error';
        draft.type := 'ledger_drift';
        draft.message := format('%s between counters, allocations and records: budget verify shows them, '
            'budget recalculate repairs counters',
            CASE run.differences WHEN 1 THEN '1 difference' ELSE run.differences || ' differences' END);
        draft.details := jsonb_build_object('run_id', run.run_id, 'as_of', budget.utc(run.started_at), 'differences',
            run.differences,
            'examples', budget.verify_differences_json(run, 5));
        draft.count := 1;
        draft.created_at := clock_timestamp();
        PERFORM budget.alert_raise(draft);
    END IF;
    RETURN run.differences;
END $$;
