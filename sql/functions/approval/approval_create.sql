-- POST /approvals: asks for headroom on one soft limit. It changes nothing until somebody entitled grants it.
-- One open request per policy, context and requester: a second is 409 with the first one's id.
-- Writes: approval, audit_log.
CREATE OR REPLACE FUNCTION budget.approval_create(tenant uuid, context jsonb, args jsonb) RETURNS budget.reply
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, budget, pg_temp AS $$
DECLARE
    policy budget.policy;
    owner budget.budget;
    item budget.approval;
    present uuid;
    body json;
BEGIN
    PERFORM budget.enter(tenant, context);
    policy := budget.policy_find((args ->> 'policy_id')::uuid, '/policy_id');
    owner := budget.budget_find(policy.budget_id);
    item.approval_id := budget.uuid_v7();
    item.scope := coalesce(args ->> 'context_id', '');
    item.requested_by := coalesce(budget.context('actor'), 'unknown');
    item.valid_until := budget.time_in(args ->> 'expires_at', owner.time_zone);
    IF policy.type <> 'soft_limit' OR NOT policy.enabled THEN
        PERFORM budget.fail(422, 'approval_not_applicable', '/policy_id', format(
            'Approvals lift soft limits only, and this is %s %s policy.', CASE WHEN policy.enabled THEN 'a'
                ELSE 'a disabled' END, policy.type));
    ELSIF args ->> 'amount' IS NULL AND args ->> 'tokens' IS NULL THEN
        PERFORM budget.fail(422, 'amount_missing', '/amount', 'Say how much: amount (money), tokens or both.');
    ELSIF (args ->> 'amount')::numeric = 0 THEN
        PERFORM budget.fail(422, 'amount_zero', '/amount', 'amount must be above 0: leave it out to ask for tokens only.');
    ELSIF item.valid_until <= clock_timestamp() THEN
        PERFORM budget.fail(422, 'expiry_in_the_past', '/expires_at',
            'expires_at is over already: name a later time or leave it out for the end of the policy''s period.');
    END IF;
    UPDATE budget.approval a SET state = 'denied', note = 'expired before a decision', decided_at = clock_timestamp()
    WHERE a.tenant_id = budget.tenant() AND a.policy_id = policy.policy_id AND a.scope = item.scope
      AND a.requested_by = item.requested_by AND a.state = 'pending' AND a.valid_until <= clock_timestamp();
    INSERT INTO budget.approval (tenant_id, approval_id, policy_id, scope, cost, tokens, reason, requested_by,
        requested_at, valid_until)
    VALUES (budget.tenant(), item.approval_id, policy.policy_id, item.scope, (args ->> 'amount')::numeric,
        (args ->> 'tokens')::bigint,
        coalesce(args ->> 'reason', ''), item.requested_by, clock_timestamp(), item.valid_until)
    ON CONFLICT (tenant_id, policy_id, scope, requested_by) WHERE state = 'pending' DO NOTHING RETURNING * INTO item;
    IF NOT FOUND THEN
        SELECT a.approval_id INTO present FROM budget.approval a
        WHERE a.tenant_id = budget.tenant() AND a.policy_id = policy.policy_id
            AND a.scope = coalesce(args ->> 'context_id', '')
          AND a.requested_by = coalesce(budget.context('actor'), 'unknown') AND a.state = 'pending';
        PERFORM budget.fail(409, 'approval_open', '',
            'You have asked for this policy already and nobody has decided yet: wait for that answer.',
            jsonb_build_object('approval_id', present));
    END IF;
    body := budget.approval_json(item);
    PERFORM budget.audit('approval.create', item.approval_id::text, NULL, body::jsonb);
    RETURN ROW(201, body, NULL)::budget.reply;
END $$;
