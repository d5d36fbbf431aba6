-- POST /policies: without budget_id for the key's budget, else Default; without type the one the enforcement level
-- says. A twin (same budget, type, period, filters, enabled) is 409 with its id.
-- Writes: policy, policy_revision, counter, policy_state, hold, tenant, audit_log.
CREATE OR REPLACE FUNCTION budget.policy_create(tenant uuid, context jsonb, args jsonb) RETURNS budget.reply
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, budget, pg_temp AS $$
DECLARE
    item budget.policy;
BEGIN
    PERFORM budget.enter(tenant, context);
    PERFORM budget.epoch_lock(true);
    item := budget.policy_insert(args, '');
    RETURN ROW(201, budget.policy_json(item), item.version)::budget.reply;
END $$;

-- The policy args describe, counting from now on with what its current period already holds; audited. The caller holds
-- the epoch lock exclusively. pointer: where args stand in the request.
CREATE OR REPLACE FUNCTION budget.policy_insert(args jsonb, pointer text) RETURNS budget.policy LANGUAGE plpgsql AS $$
DECLARE
    owner constant budget.budget := budget.budget_find(coalesce((args ->> 'budget_id')::uuid, budget.budget_default()),
        '/budget_id');
    item budget.policy;
BEGIN
    item.tenant_id := owner.tenant_id;
    item.policy_id := budget.uuid_v7();
    item.budget_id := owner.budget_id;
    item.type := coalesce(args ->> 'type', budget.level_type());
    item.follows_level := args ->> 'type' IS NULL;
    item.period := args ->> 'period';
    item.warning_threshold := 0.8;
    item.action_threshold := 0.95;
    item.enabled := true;
    item.limit_version := 1;
    item.metadata := '{}';
    item.created_at := clock_timestamp();
    item.updated_at := item.created_at;
    item.version := 1;
    item.slice_hold_id := (args ->> 'slice_hold_id')::uuid; -- by delegation_grant() only
    item.ends_at := (args ->> 'ends_at')::timestamptz;
    item := budget.policy_merge(item, args);
    IF args ->> 'action_threshold' IS NULL THEN -- a default never contradicts the threshold that was given
        item.action_threshold := greatest(item.action_threshold, item.warning_threshold);
    ELSIF args ->> 'warning_threshold' IS NULL THEN
        item.warning_threshold := least(item.warning_threshold, item.action_threshold);
    END IF;
    PERFORM budget.policy_check(item, owner, args, pointer);
    item.revision := budget.policy_open(item);
    INSERT INTO budget.policy SELECT item.*;
    PERFORM budget.policy_limit_note(item);
    PERFORM budget.policy_alert(item);
    PERFORM budget.audit('policy.create', item.policy_id::text, NULL, budget.policy_json(item)::jsonb);
    RETURN item;
END $$;

-- What the tables ask and only a whole policy shows; raises or returns.
CREATE OR REPLACE FUNCTION budget.policy_check(item budget.policy, owner budget.budget, args jsonb, pointer text)
    RETURNS void
LANGUAGE plpgsql STABLE AS $$
DECLARE
    twin uuid;
    policies_max constant integer := 2000;
BEGIN
    PERFORM budget.budget_reach(owner.path, CASE WHEN args ? 'budget_id' THEN '/budget_id' ELSE '' END);
    IF item.cost_limit IS NULL AND item.token_limit IS NULL THEN
        PERFORM budget.fail(422, 'limit_missing', pointer || '/cost_limit',
            'A policy needs cost_limit, token_limit or both.');
    ELSIF item.period = 'rolling' AND item.window_seconds IS NULL THEN
        PERFORM budget.fail(422, 'window_missing', pointer || '/window_seconds',
            'A rolling policy needs window_seconds, 60 to 31622400.');
    ELSIF item.period <> 'rolling' AND item.window_seconds IS NOT NULL THEN
        PERFORM budget.fail(422, 'window_unused', pointer || '/window_seconds',
            'Only a rolling policy has window_seconds: leave it out or set period to rolling.');
    ELSIF upper(args ->> 'currency') <> owner.currency THEN
        PERFORM budget.fail(422, 'currency_mismatch', pointer || '/currency',
            format('This budget is kept in %s: give the limit in %s.', owner.currency, owner.currency));
    ELSIF item.warning_threshold > item.action_threshold THEN
        PERFORM budget.fail(422, 'thresholds_crossed', pointer || '/warning_threshold',
            'warning_threshold must not be above action_threshold.');
    ELSIF NOT item.enabled THEN
        RETURN;
    END IF;
    twin := budget.policy_twin(item);
    IF twin IS NOT NULL THEN
        PERFORM budget.fail(409, 'policy_exists', '', format(
            'This budget has an enabled %s policy of that period and filters: change it (PUT /api/v1/policies/%s).',
            item.type, twin),
            jsonb_build_object('policy_id', twin));
    ELSIF (SELECT count(*) FROM budget.policy p WHERE p.tenant_id = item.tenant_id AND p.enabled
        AND p.policy_id <> item.policy_id) >= policies_max THEN
        PERFORM budget.fail(422, 'too_many_policies', '',
            format('A tenant has at most %s enabled policies: disable some first.', policies_max));
    END IF;
END $$;
