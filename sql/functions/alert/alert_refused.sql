-- Reads: policy, counter.  Writes: alert, outbox, by alert_raise_level; nothing when the period has alerted.
-- The first refusal of a period alerts at level limit as well: with exact holds, spent may rest below the limit for
-- ever. unit: 'cost' or 'tokens', the side that refused. Returns the new alert's id, NULL when it is not the first.
CREATE OR REPLACE FUNCTION budget.alert_refused(tenant uuid, revision integer, scope text, period_start timestamptz,
    period_end timestamptz, unit text) RETURNS uuid LANGUAGE plpgsql AS $$
DECLARE
    rule  budget.policy;
    here  jsonb := jsonb_build_array(jsonb_build_object('scope', scope));
BEGIN
    SELECT p.* INTO rule FROM budget.policy p
     WHERE p.tenant_id = tenant AND p.revision = alert_refused.revision AND p.enabled AND p.type <> 'ignore';
    IF NOT FOUND OR EXISTS (
        SELECT FROM budget.alert a WHERE a.tenant_id = tenant AND a.policy_id = rule.policy_id AND a.level = 'limit'
           AND a.unit = alert_refused.unit AND a.limit_version = rule.limit_version
           AND CASE WHEN rule.period = 'rolling' THEN a.period_end > clock_timestamp()
                    WHEN rule.period IN ('per_session', 'per_task') THEN a.details -> 'examples' @> here
                         OR (a.period_end > clock_timestamp() AND jsonb_array_length(a.details -> 'examples') >= 5)
                    ELSE a.period_start = alert_refused.period_start END) THEN
        RETURN NULL;
    END IF;
    RETURN budget.alert_raise_level(rule, scope, period_start, period_end, 'limit', unit, 1,
        budget.alert_used(rule, scope, period_start, unit));
END $$;

-- What counts against one limit now: priced spend and unpriced at its ceiling, of the period or of the rolling window.
CREATE OR REPLACE FUNCTION budget.alert_used(rule budget.policy, scope text, period_start timestamptz, unit text)
RETURNS numeric LANGUAGE plpgsql STABLE AS $$
DECLARE
    is_rolling boolean := rule.period = 'rolling';
    since      timestamptz := CASE WHEN is_rolling
        THEN budget.period_window_floor(rule.window_seconds, clock_timestamp()) ELSE period_start END;
BEGIN
    RETURN (SELECT coalesce(sum(CASE unit WHEN 'cost' THEN c.spent_cost + c.ceiling_cost ELSE c.spent_tokens END), 0)
              FROM budget.counter c
             WHERE c.tenant_id = rule.tenant_id AND c.revision = rule.revision AND c.scope = alert_used.scope
               AND c.period_start >= since AND (is_rolling OR c.period_start = since));
END $$;
