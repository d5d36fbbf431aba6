-- An approval as the API shows it. A pending or granted one whose time is over reads as expired.
CREATE OR REPLACE FUNCTION budget.approval_json(item budget.approval) RETURNS json LANGUAGE plpgsql STABLE AS $$
DECLARE
    owner record;
BEGIN
    SELECT p.budget_id, b.currency INTO owner FROM budget.policy p
    JOIN budget.budget b ON b.tenant_id = p.tenant_id AND b.budget_id = p.budget_id
    WHERE p.tenant_id = item.tenant_id AND p.policy_id = item.policy_id;
    RETURN json_build_object('approval_id', item.approval_id, 'policy_id', item.policy_id, 'budget_id', owner.budget_id,
        'context_id', nullif(item.scope, ''), 'amount', budget.decimal(item.cost), 'currency', owner.currency,
        'tokens', item.tokens,
        'reason', item.reason, 'state', CASE WHEN item.state <> 'denied' AND item.valid_until <= clock_timestamp()
        THEN 'expired' ELSE item.state END,
        'requested_by', item.requested_by, 'requested_at', budget.utc(item.requested_at),
        'valid_from', budget.utc(item.valid_from), 'expires_at', budget.utc(item.valid_until),
        'decided_by', item.decided_by, 'decided_at', budget.utc(item.decided_at), 'note', item.note);
END $$;

CREATE OR REPLACE FUNCTION budget.approval_find(wanted uuid) RETURNS budget.approval LANGUAGE plpgsql AS $$
DECLARE
    result budget.approval;
BEGIN
    SELECT * INTO result FROM budget.approval a WHERE a.tenant_id = budget.tenant() AND a.approval_id = wanted;
    IF NOT FOUND THEN
        PERFORM budget.fail(404, 'approval_not_found', '',
            format('There is no approval %s: GET /api/v1/approvals lists what there is.', wanted));
    END IF;
    RETURN result;
END $$;
