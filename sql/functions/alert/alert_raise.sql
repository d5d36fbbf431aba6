-- Writes: alert, outbox.  Inserts one alert and, when it is new, the outbox row of the event stream.
-- Returns the alert's id, NULL when this (policy, group, period, level, unit, limit version) has alerted before.
-- Alert rows come last in the lock order. One transaction of a tenant raises at a time: two that raised the same alerts,
-- each in the order it came to them, would deadlock.
CREATE OR REPLACE FUNCTION budget.alert_raise(raised budget.alert) RETURNS uuid LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('budget.alert ' || raised.tenant_id, 0));
    INSERT INTO budget.alert SELECT (raised).*
        ON CONFLICT (tenant_id, policy_id, scope_group, period_start, level, unit, limit_version) DO NOTHING;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    INSERT INTO budget.outbox (tenant_id, outbox_id, alert_id, kind, payload)
    VALUES (raised.tenant_id, budget.uuid_v7(), raised.alert_id, 'alert.raised', budget.alert_json(raised)::jsonb);
    RETURN raised.alert_id;
END $$;

-- per_session and per_task policies: one alert per policy, level and hour, however many sessions cross. It counts them
-- and names the first five; a scope that is named already is not counted again.
CREATE OR REPLACE FUNCTION budget.alert_raise_grouped(raised budget.alert, scope text) RETURNS uuid
LANGUAGE plpgsql AS $$
DECLARE
    example jsonb := jsonb_build_object('scope', scope, 'used', raised.details -> 'used');
    raised_id uuid;
BEGIN
    raised.scope_group := budget.utc(raised.period_start);
    raised.details := raised.details || jsonb_build_object('examples', jsonb_build_array(example));
    raised_id := budget.alert_raise(raised);
    IF raised_id IS NULL THEN
        UPDATE budget.alert a SET count = a.count + 1,
               details = CASE WHEN jsonb_array_length(a.details -> 'examples') < 5
                   THEN jsonb_set(a.details, '{examples}', (a.details -> 'examples') || example) ELSE a.details END
         WHERE a.tenant_id = raised.tenant_id AND a.policy_id = raised.policy_id AND a.scope_group = raised.scope_group
           AND a.period_start = raised.period_start AND a.level = raised.level AND a.unit = raised.unit
           AND a.limit_version = raised.limit_version
           AND NOT (a.details -> 'examples') @> jsonb_build_array(jsonb_build_object('scope', example -> 'scope'));
    END IF;
    RETURN raised_id;
END $$;
