-- POST /limits: "that budget's policy of this period with these filters" gets this limit; made when there is none.
-- Where a budget has several (warn at 80, hard at 100), type says which; without one the policy that follows the
-- enforcement level, else the oldest. One that stands alone takes the type that is given.
-- Writes: as policy_create() and policy_update().
CREATE OR REPLACE FUNCTION budget.limit_set(tenant uuid, context jsonb, args jsonb) RETURNS budget.reply
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, budget, pg_temp AS $$
DECLARE
    wanted jsonb;
    present uuid;
    reply budget.reply;
BEGIN
    PERFORM budget.enter(tenant, context);
    PERFORM budget.epoch_lock(true);
    wanted := jsonb_strip_nulls((args - 'filters') || jsonb_build_object(
        'budget_id', coalesce((args ->> 'budget_id')::uuid, budget.budget_default()))
        || coalesce(nullif(args -> 'filters', 'null'), '{}'));
    PERFORM budget.budget_find((wanted ->> 'budget_id')::uuid, '/budget_id');
    present := budget.limit_policy(wanted);
    IF present IS NULL THEN
        reply := budget.policy_create(tenant, context, wanted);
    ELSIF wanted ->> 'cost_limit' IS NULL AND wanted ->> 'token_limit' IS NULL THEN
        PERFORM budget.fail(422, 'limit_missing', '/cost_limit',
            'Say the limit: cost_limit (or limit, amount), token_limit or both.');
    ELSE
        reply := budget.policy_change(present, wanted, 'policy.update');
    END IF;
    RETURN ROW(coalesce(reply.status, 200), reply.body, reply.etag)::budget.reply;
END $$;

-- The enabled policy a limit means, or NULL.
CREATE OR REPLACE FUNCTION budget.limit_policy(wanted jsonb) RETURNS uuid LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (
        SELECT p.policy_id FROM (
            SELECT p.*, count(*) OVER () AS candidates FROM budget.policy p
            WHERE p.tenant_id = budget.tenant() AND p.budget_id = (wanted ->> 'budget_id')::uuid AND p.enabled
                AND p.period = wanted ->> 'period'
              AND p.window_seconds IS NOT DISTINCT FROM (wanted ->> 'window_seconds')::integer
              AND p.tier IS NOT DISTINCT FROM wanted ->> 'tier'
                  AND lower(p.provider) IS NOT DISTINCT FROM lower(wanted ->> 'provider')
              AND lower(p.model) IS NOT DISTINCT FROM lower(wanted ->> 'model')
                  AND p.component IS NOT DISTINCT FROM wanted ->> 'component'
              AND p.task_type IS NOT DISTINCT FROM wanted ->> 'task_type') p
        WHERE wanted ->> 'type' IS NULL OR p.type = wanted ->> 'type' OR p.candidates = 1
        ORDER BY p.type = wanted ->> 'type' DESC NULLS LAST, p.follows_level DESC, p.policy_id LIMIT 1);
END $$;
