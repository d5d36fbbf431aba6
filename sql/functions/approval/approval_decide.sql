-- POST /approvals/{id}/grant and /deny, once each; the same decision again answers the same.
-- A grant may lower what was asked. It holds until expires_at (as granted, else as asked), else to the end of the
-- policy's current period. Holds made meanwhile stay when it ends.
-- Lock: the epoch exclusively, so that the period it is bound to is that of the policy as it counts now.
-- Writes: approval, audit_log.

CREATE OR REPLACE FUNCTION budget.approval_grant(tenant uuid, context jsonb, args jsonb) RETURNS budget.reply
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, budget, pg_temp AS $$
BEGIN
    PERFORM budget.enter(tenant, context);
    RETURN budget.approval_decide(args, 'granted', 'approval.grant');
END $$;

CREATE OR REPLACE FUNCTION budget.approval_deny(tenant uuid, context jsonb, args jsonb) RETURNS budget.reply
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, budget, pg_temp AS $$
BEGIN
    PERFORM budget.enter(tenant, context);
    RETURN budget.approval_decide(args, 'denied', 'approval.deny');
END $$;

CREATE OR REPLACE FUNCTION budget.approval_decide(args jsonb, decision text, action text) RETURNS budget.reply
    LANGUAGE plpgsql AS $$
DECLARE
    item budget.approval;
    policy budget.policy;
    owner budget.budget;
    before json;
    after json;
    at timestamptz;
BEGIN
    PERFORM budget.epoch_lock(true);
    item := budget.approval_find((args ->> 'id')::uuid);
    policy := budget.policy_find(item.policy_id);
    owner := budget.budget_find(policy.budget_id);
    PERFORM budget.budget_reach(owner.path);
    at := clock_timestamp();
    before := budget.approval_json(item);
    IF item.state = decision THEN
        RETURN ROW(NULL, before, NULL)::budget.reply;
    ELSIF item.state <> 'pending' THEN
        PERFORM budget.fail(409, 'approval_decided', '', format('This request was %s by %s at %s.', item.state,
            item.decided_by, budget.utc(item.decided_at)));
    ELSIF decision = 'granted' THEN
        item := budget.approval_grant_terms(item, policy, owner, args, at);
    END IF;
    UPDATE budget.approval a SET state = decision, cost = item.cost, tokens = item.tokens, valid_from = item.valid_from,
        valid_until = item.valid_until,
        decided_by = coalesce(budget.context('actor'), 'unknown'), decided_at = at, note = args ->> 'note'
    WHERE a.tenant_id = item.tenant_id AND a.approval_id = item.approval_id RETURNING * INTO item;
    after := budget.approval_json(item);
    PERFORM budget.audit(action, item.approval_id::text, before::jsonb, after::jsonb);
    RETURN ROW(NULL, after, NULL)::budget.reply;
END $$;

-- How much a grant gives and how long.
CREATE OR REPLACE FUNCTION budget.approval_grant_terms(item budget.approval, policy budget.policy, owner budget.budget,
    args jsonb, at timestamptz)
RETURNS budget.approval LANGUAGE plpgsql STABLE AS $$
DECLARE
    amount constant numeric := (args ->> 'amount')::numeric;
    tokens constant bigint := (args ->> 'tokens')::bigint;
BEGIN
    IF policy.type <> 'soft_limit' OR NOT policy.enabled THEN
        PERFORM budget.fail(409, 'approval_not_applicable', '',
            'That policy is no enabled soft limit any more: there is nothing to lift.');
    ELSIF item.valid_until <= at AND args ->> 'expires_at' IS NULL THEN
        PERFORM budget.fail(409, 'approval_expired', '',
            'The request was for a time that is over: grant it with a later expires_at, or let them ask again.');
    ELSIF amount = 0 THEN
        PERFORM budget.fail(422, 'amount_zero', '/amount', 'A grant of 0 gives nothing: deny the request instead.');
    ELSIF amount > coalesce(item.cost, 0) THEN
        PERFORM budget.fail(422, 'more_than_asked', '/amount',
            format('A grant may lower what was asked (%s), not raise it.', coalesce(budget.decimal(item.cost)::text,
            'no amount')));
    ELSIF tokens > coalesce(item.tokens, 0) THEN
        PERFORM budget.fail(422, 'more_than_asked', '/tokens',
            format('A grant may lower what was asked (%s), not raise it.', coalesce(item.tokens::text, 'no tokens')));
    END IF;
    item.cost := coalesce(amount, item.cost);
    item.tokens := coalesce(tokens, item.tokens);
    item.valid_from := at;
    item.valid_until := coalesce(budget.time_in(args ->> 'expires_at', owner.time_zone), item.valid_until,
        CASE WHEN policy.period = 'rolling' THEN at + make_interval(secs => policy.window_seconds)
             ELSE (budget.period_bounds(policy.period, owner.time_zone, owner.week_start, owner.month_reset_day,
                 policy.window_seconds, at)).period_end END);
    IF item.valid_until <= at THEN
        PERFORM budget.fail(422, 'expiry_in_the_past', '/expires_at', 'expires_at is over already: name a later time.');
    END IF;
    RETURN item;
END $$;
