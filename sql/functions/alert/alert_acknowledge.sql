-- PUT /alerts/{id}/dismiss = POST /alerts/{id}/acknowledge: somebody has seen it. One act, done once: asking again
-- answers who was first and when.
CREATE OR REPLACE FUNCTION budget.alert_acknowledge(tenant uuid, context jsonb, args jsonb) RETURNS budget.reply
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, budget, pg_temp AS $$
DECLARE
    before budget.alert;
    after  budget.alert;
BEGIN
    PERFORM budget.enter(tenant, context);
    before := budget.alert_find((args ->> 'id')::uuid);
    UPDATE budget.alert a
       SET acknowledged_at = clock_timestamp(), acknowledged_by = coalesce(budget.context('actor'), 'unknown')
     WHERE a.tenant_id = tenant AND a.alert_id = before.alert_id AND a.acknowledged_at IS NULL RETURNING a.* INTO after;
    IF FOUND THEN
        PERFORM budget.audit('alert.acknowledge', after.alert_id::text, budget.alert_json(before)::jsonb,
            budget.alert_json(after)::jsonb);
    END IF;
    RETURN (NULL::integer, budget.alert_json(budget.alert_find(before.alert_id)), NULL::text);
END $$;
