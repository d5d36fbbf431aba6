-- The alert of one level of one policy, not yet inserted. used is what is judged: spent, unpriced at its ceiling
-- included. share: the fraction of the limit this level stands for. From 1 on it says exceeded, below it approaching.
CREATE OR REPLACE FUNCTION budget.alert_draft(rule budget.policy, scope text, period_start timestamptz,
    period_end timestamptz, level text, unit text, share numeric, used numeric) RETURNS budget.alert
LANGUAGE plpgsql STABLE AS $$
DECLARE
    is_over    boolean := share >= 1;
    limit_size numeric := CASE unit WHEN 'cost' THEN rule.cost_limit ELSE rule.token_limit END;
    usage      numeric := round(used / nullif(limit_size, 0), 6); -- fraction of the limit; unknown for a limit of 0
    owner      record;
    draft      budget.alert;
BEGIN
    SELECT b.name, b.currency INTO owner FROM budget.budget b
     WHERE b.tenant_id = rule.tenant_id AND b.budget_id = rule.budget_id;
    draft.tenant_id := rule.tenant_id;
    draft.alert_id := budget.uuid_v7();
    draft.policy_id := rule.policy_id;
    draft.budget_id := rule.budget_id;
    draft.revision := rule.revision;
    draft.scope_group := '';
    draft.period_start := coalesce(period_start, '-infinity');
    draft.period_end := nullif(period_end, 'infinity');
    draft.level := level;
    draft.unit := unit;
    draft.limit_version := rule.limit_version;
    draft.severity := CASE WHEN is_over THEN 'error' ELSE 'warning' END;
    draft.type := CASE unit WHEN 'cost' THEN 'cost' ELSE 'token' END || CASE WHEN is_over THEN '_limit_exceeded'
                                                                                   ELSE '_limit_approaching' END;
    draft.message := format('%s %s budget %s: %s%s used %s of %s%s',
        upper(left(rule.period, 1)) || replace(substr(rule.period, 2), '_', ' '),
        CASE unit WHEN 'cost' THEN 'cost' ELSE 'token' END,
        CASE WHEN is_over THEN 'exceeded' WHEN used < limit_size THEN 'approaching limit'
             ELSE format('passed %s %% of its limit', trim_scale(100 * share)) END,
        owner.name, budget.alert_filters(rule), budget.alert_amount(used),
        budget.alert_amount(limit_size) || CASE unit WHEN 'cost' THEN ' ' || owner.currency ELSE ' tokens' END,
        coalesce(' (' || trim_scale(round(100 * usage, 1)) || ' %)', '')
        || CASE WHEN share = 1 AND (used < limit_size OR used = 0) THEN ', and a request was refused' ELSE '' END);
    draft.details := jsonb_build_object('period', rule.period, 'tier', rule.tier, 'provider', rule.provider,
        'model', rule.model, 'component', rule.component, 'task_type', rule.task_type, 'policy_type', rule.type,
        'limit', trim_scale(limit_size), 'used', trim_scale(used), 'threshold', trim_scale(share),
        'usage_percentage', trim_scale(usage))
        || CASE unit WHEN 'cost' THEN jsonb_build_object('cost_limit', trim_scale(limit_size),
                         'cost_used', trim_scale(used), 'currency', owner.currency)
                     ELSE jsonb_build_object('token_limit', limit_size, 'tokens_used', used) END
        || CASE WHEN scope = '' THEN '{}' ELSE jsonb_build_object('scope', scope) END;
    draft.count := 1;
    draft.created_at := clock_timestamp();
    RETURN draft;
END $$;

-- What a policy is narrowed to, for a sentence: '' or ' (provider anthropic, model …)'.
CREATE OR REPLACE FUNCTION budget.alert_filters(rule budget.policy) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(' (' || string_agg(name || ' ' || value, ', ') || ')', '')
      FROM (VALUES ('tier', rule.tier), ('provider', rule.provider), ('model', rule.model),
                   ('component', rule.component), ('task type', rule.task_type)) AS filter (name, value)
     WHERE value IS NOT NULL
$$;

-- An amount for a sentence: two decimals from 1 on, six significant places below; never a silent 0.
CREATE OR REPLACE FUNCTION budget.alert_amount(amount numeric) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN abs(amount) >= 1 THEN trim_scale(round(amount, 2))
                WHEN abs(amount) >= 0.000001 THEN trim_scale(round(amount, 6))
                ELSE trim_scale(amount) END::text
$$;
