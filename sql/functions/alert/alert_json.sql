-- An alert as the API, the outbox and the event stream show it. `resolved` is read off the clock: the period is over,
-- or the limit it was raised for has been changed since (or its policy no longer counts).
CREATE OR REPLACE FUNCTION budget.alert_json(a budget.alert) RETURNS json LANGUAGE sql STABLE AS $$
    SELECT json_build_object(
        'alert_id', a.alert_id, 'budget_id', a.budget_id, 'policy_id', a.policy_id, 'severity', a.severity,
        'type', a.type, 'level', a.level, 'unit', a.unit, 'message', a.message, 'details', a.details, 'count', a.count,
        'period_start', budget.utc(nullif(a.period_start, '-infinity')), 'period_end', budget.utc(a.period_end),
        'timestamp', budget.utc(a.created_at), 'resolved', budget.alert_is_resolved(a),
        'acknowledged', a.acknowledged_at IS NOT NULL, 'acknowledged_by', a.acknowledged_by,
        'acknowledged_at', budget.utc(a.acknowledged_at))
$$;

CREATE OR REPLACE FUNCTION budget.alert_is_resolved(a budget.alert) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT coalesce(a.period_end <= now(), false) OR (a.policy_id IS NOT NULL AND NOT EXISTS (
        SELECT FROM budget.policy p WHERE p.tenant_id = a.tenant_id AND p.policy_id = a.policy_id AND p.enabled
           AND p.revision = a.revision AND p.limit_version = a.limit_version))
$$;
