-- A budget as the API shows it.
CREATE OR REPLACE FUNCTION budget.budget_json(item budget.budget) RETURNS json LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN json_build_object('budget_id', item.budget_id, 'name', item.name, 'description', item.description,
        'owner', item.owner,
        'parent_id', item.parent_id, 'path', item.path, 'depth', cardinality(item.path), 'is_active', item.is_active,
        'currency', item.currency, 'time_zone', item.time_zone, 'week_start', item.week_start,
        'month_reset_day', item.month_reset_day, 'reach', item.reach, 'fail_mode', item.fail_mode,
        'hold_basis', item.hold_basis, 'allow_free_models', item.allow_free_models,
        'slice_id', item.slice_hold_id, -- the slice it was delegated last
        'policies', (SELECT coalesce(json_agg(budget.policy_json(p, item.currency) ORDER BY p.policy_id), '[]')
        FROM budget.policy p
                     WHERE p.tenant_id = item.tenant_id AND p.budget_id = item.budget_id AND p.enabled),
        'metadata', item.metadata, 'created_at', budget.utc(item.created_at), 'updated_at', budget.utc(item.updated_at),
        'version', item.version);
END $$;
