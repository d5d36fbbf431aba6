-- What may not change while a slice lives: the limit that is the slice, and where its child stands.

-- A slice's limit is what was delegated. When the slice is over, an edit makes the policy one like any other.
CREATE OR REPLACE FUNCTION budget.slice_policy_change(old budget.policy, new budget.policy) RETURNS budget.policy
LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF old.slice_hold_id IS NULL OR (new.type, new.cost_limit, new.token_limit, new.enabled, new.period, new.tier,
           new.provider, new.model, new.component, new.task_type) IS NOT DISTINCT FROM (old.type, old.cost_limit,
           old.token_limit, old.enabled, old.period, old.tier, old.provider, old.model, old.component, old.task_type) THEN
        RETURN new;
    ELSIF EXISTS (SELECT FROM budget.hold h WHERE h.tenant_id = old.tenant_id AND h.hold_id = old.slice_hold_id
            AND h.state = 'live' AND h.expires_at > clock_timestamp()) THEN
        PERFORM budget.fail(409, 'policy_is_slice', '',
            'This limit is a slice of the parent: close the budget to return it, then delegate another amount.',
            jsonb_build_object('allocation_id', old.slice_hold_id));
    END IF;
    new.slice_hold_id := NULL;
    new.ends_at := NULL;
    RETURN new;
END $$;

-- A policy that begins to limit a unit which a slice on it does not name must count that slice's child one by one from
-- now on: a new revision sorts them anew.
CREATE OR REPLACE FUNCTION budget.slice_must_reopen(old budget.policy, new budget.policy) RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (old.cost_limit IS NULL AND new.cost_limit IS NOT NULL
            OR old.token_limit IS NULL AND new.token_limit IS NOT NULL)
       AND EXISTS (SELECT FROM budget.budget b JOIN budget.hold h ON h.tenant_id = b.tenant_id
            AND h.hold_id = b.slice_hold_id AND h.state = 'live' AND old.revision = ANY (h.revisions)
            WHERE b.tenant_id = old.tenant_id AND b.slice_hold_id IS NOT NULL);
END $$;

CREATE OR REPLACE FUNCTION budget.slice_budget_change(old budget.budget, new budget.budget) RETURNS void
LANGUAGE plpgsql STABLE AS $$
DECLARE
    child budget.budget;
BEGIN
    IF new.path = old.path AND (new.is_active OR NOT old.is_active) THEN
        RETURN;
    END IF;
    SELECT b.* INTO child FROM budget.budget b JOIN budget.hold h ON h.tenant_id = b.tenant_id
        AND h.hold_id = b.slice_hold_id AND h.state = 'live' AND h.expires_at > clock_timestamp()
    WHERE b.tenant_id = old.tenant_id AND b.path @> ARRAY[old.budget_id] AND (new.path <> old.path
        OR b.budget_id = old.budget_id) LIMIT 1;
    IF FOUND THEN
        PERFORM budget.fail(409, 'budget_has_slice', '', format(
            'Budget %s lives on a slice of what stands above it: close it first (POST /api/v1/budgets/%s/close).',
            child.name, child.budget_id), jsonb_build_object('allocation_id', child.slice_hold_id));
    END IF;
END $$;
