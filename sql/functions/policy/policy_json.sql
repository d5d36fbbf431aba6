-- A policy as the API shows it. currency: of its budget.
CREATE OR REPLACE FUNCTION budget.policy_json(item budget.policy, currency text) RETURNS json
    LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN json_build_object('policy_id', item.policy_id, 'budget_id', item.budget_id, 'type', item.type,
        'period', item.period,
        'window_seconds', item.window_seconds, 'tier', item.tier, 'provider', item.provider, 'model', item.model,
        'component', item.component, 'task_type', item.task_type, 'token_limit', item.token_limit,
        'cost_limit', budget.decimal(item.cost_limit), 'currency', currency,
        'warning_threshold', budget.decimal(item.warning_threshold),
        'action_threshold', budget.decimal(item.action_threshold),
        'start_date', budget.utc(coalesce(item.start_date, item.created_at)), 'end_date', budget.utc(item.end_date),
        'enabled', item.enabled, 'follows_enforcement_level', item.follows_level, 'revision', item.revision,
        'slice_id', item.slice_hold_id, 'limit_version', item.limit_version, 'metadata', item.metadata, 'created_at', budget.utc(item.created_at),
        'updated_at', budget.utc(item.updated_at), 'version', item.version);
END $$;

CREATE OR REPLACE FUNCTION budget.policy_json(item budget.policy) RETURNS json LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN budget.policy_json(item, (SELECT b.currency FROM budget.budget b WHERE b.tenant_id = item.tenant_id
        AND b.budget_id = item.budget_id));
END $$;
