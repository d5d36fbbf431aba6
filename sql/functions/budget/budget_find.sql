-- The budget of this id, or 404. pointer: where the id came from ('/budget_id'; '' = the path).
CREATE OR REPLACE FUNCTION budget.budget_find(wanted uuid, pointer text DEFAULT '') RETURNS budget.budget
    LANGUAGE plpgsql STABLE AS $$
DECLARE
    result budget.budget;
BEGIN
    SELECT * INTO result FROM budget.budget b WHERE b.tenant_id = budget.tenant() AND b.budget_id = wanted;
    IF NOT FOUND THEN
        PERFORM budget.fail(404, 'budget_not_found', pointer,
            format('There is no budget %s: GET /api/v1/budgets lists what there is.', wanted));
    END IF;
    RETURN result;
END $$;

-- The budget things belong to that name none: the key's, else the tenant's root.
CREATE OR REPLACE FUNCTION budget.budget_default() RETURNS uuid LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN coalesce(budget.context('key_budget_id')::uuid,
        (SELECT t.default_budget_id FROM budget.tenant t WHERE t.tenant_id = budget.tenant()));
END $$;

-- A key bound to a budget changes that budget and what is below it, nothing else.
CREATE OR REPLACE FUNCTION budget.budget_reach(path uuid[], pointer text DEFAULT '') RETURNS void
    LANGUAGE plpgsql STABLE AS $$
DECLARE
    bound constant uuid := budget.context('key_budget_id')::uuid;
BEGIN
    IF bound IS NOT NULL AND bound <> ALL (path) THEN
        PERFORM budget.fail(403, 'budget_out_of_reach', pointer,
            format('This key may change budget %s and those below it, no other.', bound));
    END IF;
END $$;
