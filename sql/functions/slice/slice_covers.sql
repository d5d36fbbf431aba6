-- May a slice of so much stand for its child's requests on this policy? It must count all that the child does, as one
-- sum (no filter, no session or task apart), and the slice must name every unit that the policy limits. What it may not
-- cover counts the child's requests one by one, as without a slice.
CREATE OR REPLACE FUNCTION budget.slice_covers(item budget.policy, slice_cost numeric, slice_tokens bigint)
RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT coalesce(item.tier, item.provider, item.model, item.component, item.task_type) IS NULL
       AND item.period NOT IN ('per_session', 'per_task')
       AND (item.cost_limit IS NULL OR slice_cost > 0) AND (item.token_limit IS NULL OR slice_tokens > 0)
$$;

-- Is what is held on this budget covered, on a policy, by a slice further down than the policy's own budget?
CREATE OR REPLACE FUNCTION budget.slice_stands_for(p_budget uuid, item budget.policy) RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN EXISTS (SELECT FROM budget.budget b
        JOIN budget.budget child ON child.tenant_id = b.tenant_id AND child.budget_id = ANY (b.path)
            AND child.slice_hold_id IS NOT NULL AND child.budget_id <> item.budget_id
            AND item.budget_id = ANY (child.path)
        JOIN budget.hold s ON s.tenant_id = b.tenant_id AND s.hold_id = child.slice_hold_id AND s.state = 'live'
        WHERE b.tenant_id = item.tenant_id AND b.budget_id = p_budget
          AND budget.slice_covers(item, s.cost, s.tokens));
END $$;

-- The live slice a budget has been delegated, if any.
CREATE OR REPLACE FUNCTION budget.slice_of(item budget.budget, at timestamptz) RETURNS budget.hold
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (SELECT h FROM budget.hold h WHERE h.tenant_id = item.tenant_id AND h.hold_id = item.slice_hold_id
        AND h.state = 'live' AND h.expires_at > at);
END $$;
