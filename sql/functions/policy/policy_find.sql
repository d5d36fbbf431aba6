-- The policy of this id, or 404.
CREATE OR REPLACE FUNCTION budget.policy_find(wanted uuid, pointer text DEFAULT '') RETURNS budget.policy
    LANGUAGE plpgsql STABLE AS $$
DECLARE
    result budget.policy;
BEGIN
    SELECT * INTO result FROM budget.policy p WHERE p.tenant_id = budget.tenant() AND p.policy_id = wanted;
    IF NOT FOUND THEN
        PERFORM budget.fail(404, 'policy_not_found', pointer,
            format('There is no policy %s: GET /api/v1/policies lists what there is.', wanted));
    END IF;
    RETURN result;
END $$;

-- The enabled policy of the same budget, type, period and filters, or NULL. Model and provider without case, as they
-- match.
CREATE OR REPLACE FUNCTION budget.policy_twin(item budget.policy) RETURNS uuid LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (SELECT p.policy_id FROM budget.policy p
        WHERE p.tenant_id = item.tenant_id AND p.budget_id = item.budget_id AND p.enabled
          AND p.policy_id <> item.policy_id AND p.type = item.type AND p.period = item.period
          AND p.window_seconds IS NOT DISTINCT FROM item.window_seconds AND p.tier IS NOT DISTINCT FROM item.tier
          AND lower(p.provider) IS NOT DISTINCT FROM lower(item.provider)
              AND lower(p.model) IS NOT DISTINCT FROM lower(item.model)
          AND p.component IS NOT DISTINCT FROM item.component AND p.task_type IS NOT DISTINCT FROM item.task_type
        ORDER BY p.policy_id LIMIT 1);
END $$;
