-- POST /budgets. Below the parent it names, else below the tenant's root; what it leaves out it takes from that parent.
-- limits: {"daily": 5, …} makes a cost policy each, of the type the enforcement level says.
-- Writes: budget; policy, policy_revision, counter, policy_state, tenant by policy_insert(); audit_log.
CREATE OR REPLACE FUNCTION budget.budget_create(tenant uuid, context jsonb, args jsonb) RETURNS budget.reply
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, budget, pg_temp AS $$
DECLARE
    item budget.budget;
    body json;
BEGIN
    PERFORM budget.enter(tenant, context);
    PERFORM budget.epoch_lock(true); -- paths of the tree must not move while one hangs below another
    item := budget.budget_insert(args);
    body := budget.budget_json(item);
    PERFORM budget.audit('budget.create', item.budget_id::text, NULL, body::jsonb);
    RETURN ROW(201, body, item.version)::budget.reply;
END $$;

-- The row and its limits. The caller holds the epoch lock exclusively.
CREATE OR REPLACE FUNCTION budget.budget_insert(args jsonb) RETURNS budget.budget LANGUAGE plpgsql AS $$
DECLARE
    item budget.budget;
    parent budget.budget := budget.budget_find(coalesce((args ->> 'parent_id')::uuid, budget.budget_default()),
        '/parent_id');
    wanted record;
BEGIN
    PERFORM budget.budget_reach(parent.path, '/parent_id');
    item.tenant_id := budget.tenant();
    item.budget_id := budget.uuid_v7();
    item.parent_id := parent.budget_id;
    item.name := args ->> 'name';
    item.description := coalesce(args ->> 'description', '');
    item.owner := args ->> 'owner';
    item.is_active := true;
    item.currency := upper(coalesce(args ->> 'currency', parent.currency));
    item.time_zone := coalesce(args ->> 'time_zone', parent.time_zone);
    item.week_start := coalesce((args ->> 'week_start')::smallint, parent.week_start);
    item.month_reset_day := coalesce((args ->> 'month_reset_day')::smallint, parent.month_reset_day);
    item.reach := coalesce(args ->> 'reach', CASE WHEN args ->> 'parent_id' IS NULL THEN 'all' ELSE 'named' END);
    item.fail_mode := coalesce(args ->> 'fail_mode', parent.fail_mode);
    item.hold_basis := coalesce(args ->> 'hold_basis', parent.hold_basis);
    item.allow_free_models := coalesce((args ->> 'allow_free_models')::boolean, parent.allow_free_models);
    item.metadata := coalesce(args -> 'metadata', '{}');
    item.created_at := clock_timestamp();
    item.updated_at := item.created_at;
    item.version := 1;
    item := budget.budget_check(item);
    INSERT INTO budget.budget SELECT item.*;
    FOR wanted IN SELECT key, value FROM jsonb_each_text(args -> 'limits') LOOP
        CONTINUE WHEN wanted.value IS NULL;
        PERFORM budget.policy_insert(jsonb_build_object('budget_id', item.budget_id, 'period', wanted.key,
            'cost_limit', wanted.value), '/limits');
    END LOOP;
    RETURN item;
END $$;
