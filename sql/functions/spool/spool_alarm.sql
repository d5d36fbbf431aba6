-- A record that was acknowledged while the database was away is refused for good: an alert about the system says so, one
-- a day and tenant. It names the first; `budget spool list` shows all. Writes: alert, outbox.
CREATE OR REPLACE FUNCTION budget.spool_alarm(p_tenant uuid, p_record uuid, p_code text) RETURNS uuid LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, budget, pg_temp AS $$
DECLARE
    draft budget.alert;
BEGIN
    PERFORM budget.enter(p_tenant, '{"actor": "spool", "role": "system"}');
    IF NOT EXISTS (SELECT FROM budget.tenant t WHERE t.tenant_id = p_tenant) THEN
        RETURN NULL;
    END IF;
    draft.tenant_id := p_tenant;
    draft.alert_id := budget.uuid_v7();
    draft.scope_group := 'spool';
    draft.period_start := date_trunc('day', clock_timestamp(), 'UTC');
    draft.level := 'system';
    draft.unit := 'none';
    draft.limit_version := 0;
    draft.severity := 'error';
    draft.type := 'spool_dead_letter';
    draft.message := 'Usage that was accepted while the database was away cannot be recorded: budget spool list shows it, '
        'budget spool retry or drop decides';
    draft.details := jsonb_build_object('record_id', p_record, 'code', p_code);
    draft.count := 1;
    draft.created_at := clock_timestamp();
    RETURN budget.alert_raise(draft);
END $$;
