-- The budgets a read is about: that one and all below it, or every budget of the tenant when none is named; never more
-- than what the caller's key is bound to. A budget that does not exist, or lies beyond the key's, is a 404.
CREATE OR REPLACE FUNCTION budget.budgets_in_sight(wanted uuid) RETURNS uuid[] LANGUAGE plpgsql STABLE AS $$
DECLARE
    bound  uuid := budget.context('key_budget_id')::uuid;
    result uuid[];
BEGIN
    SELECT coalesce(array_agg(b.budget_id), '{}') INTO result FROM budget.budget b
     WHERE b.tenant_id = budget.tenant() AND (wanted IS NULL OR b.path @> ARRAY[wanted])
       AND (bound IS NULL OR b.path @> ARRAY[bound]);
    IF wanted IS NOT NULL AND NOT wanted = ANY (result) THEN
        PERFORM budget.fail(404, 'budget_not_found', '/budget_id', format(
            'There is no budget %s here: GET /api/v1/budgets lists those this key may see.', wanted));
    END IF;
    RETURN result;
END $$;

-- Zone that days and periods of a read are cut in: that of the budget named, of the key's budget, of the tenant's root.
CREATE OR REPLACE FUNCTION budget.zone_in_sight(wanted uuid) RETURNS budget.budget LANGUAGE sql STABLE AS $$
    SELECT b FROM budget.budget b JOIN budget.tenant t ON t.tenant_id = b.tenant_id
     WHERE b.tenant_id = budget.tenant()
       AND b.budget_id = coalesce(wanted, budget.context('key_budget_id')::uuid, t.default_budget_id)
$$;
