-- PUT, PATCH and DELETE /policies/{id}. Limits, type and thresholds change in place: the same counters, and the next
-- admission sees them. Filters, period and enabling say what is counted, so they make a new revision that opens with
-- what its current period already holds: no edit gives a free reset.
-- Writes: policy and what policy_open() writes, audit_log.

CREATE OR REPLACE FUNCTION budget.policy_update(tenant uuid, context jsonb, args jsonb) RETURNS budget.reply
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, budget, pg_temp AS $$
BEGIN
    PERFORM budget.enter(tenant, context);
    RETURN budget.policy_change((args ->> 'id')::uuid, jsonb_strip_nulls(args - 'metadata') || CASE
        WHEN jsonb_typeof(args -> 'metadata') = 'object' THEN jsonb_build_object('metadata', args -> 'metadata')
            ELSE '{}' END, 'policy.update');
END $$;

-- PATCH: a merge patch (RFC 7396), so null clears a filter or one of the limits.
CREATE OR REPLACE FUNCTION budget.policy_patch(tenant uuid, context jsonb, args jsonb) RETURNS budget.reply
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, budget, pg_temp AS $$
DECLARE
    item budget.policy;
BEGIN
    PERFORM budget.enter(tenant, context);
    PERFORM budget.epoch_lock(true); -- metadata is merged into what stands there now
    item := budget.policy_find((args ->> 'id')::uuid);
    IF args ? 'metadata' THEN
        args := args || jsonb_build_object('metadata', budget.merge_patch(item.metadata,
            coalesce(nullif(args -> 'metadata', 'null'), '{}')));
    END IF;
    RETURN budget.policy_change(item.policy_id, args, 'policy.update');
END $$;

-- DELETE = disable: history and holds keep their policy.
CREATE OR REPLACE FUNCTION budget.policy_retire(tenant uuid, context jsonb, args jsonb) RETURNS budget.reply
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, budget, pg_temp AS $$
BEGIN
    PERFORM budget.enter(tenant, context);
    RETURN budget.policy_change((args ->> 'id')::uuid, '{"enabled": false}', 'policy.retire');
END $$;

CREATE OR REPLACE FUNCTION budget.policy_change(wanted uuid, args jsonb, action text) RETURNS budget.reply
    LANGUAGE plpgsql AS $$
DECLARE
    old budget.policy;
    new budget.policy;
    owner budget.budget;
    before json;
    after json;
BEGIN
    PERFORM budget.epoch_lock(true);
    old := budget.policy_find(wanted);
    owner := budget.budget_find(old.budget_id);
    PERFORM budget.budget_reach(owner.path);
    PERFORM budget.match_version(old.version);
    new := budget.policy_merge(old, args);
    before := budget.policy_json(old, owner.currency);
    IF new IS NOT DISTINCT FROM old THEN
        RETURN ROW(NULL, before, old.version)::budget.reply;
    END IF;
    new := budget.slice_policy_change(old, new);
    PERFORM budget.policy_check(new, owner, args, '');
    IF (new.cost_limit, new.token_limit, new.warning_threshold, new.action_threshold)
       IS DISTINCT FROM (old.cost_limit, old.token_limit, old.warning_threshold, old.action_threshold) THEN
        new.limit_version := old.limit_version + 1;
    END IF;
    new.version := old.version + 1;
    new.updated_at := clock_timestamp();
    IF (new.period, new.window_seconds, new.tier, new.provider, new.model, new.component, new.task_type, new.enabled)
       IS DISTINCT FROM (old.period, old.window_seconds, old.tier, old.provider, old.model, old.component,
           old.task_type, old.enabled) OR budget.slice_must_reopen(old, new) THEN
        new.revision := budget.policy_open(new);
    END IF;
    UPDATE budget.policy p SET (revision, type, period, window_seconds, tier, provider, model, component, task_type,
        token_limit, cost_limit,
            warning_threshold, action_threshold, enabled, follows_level, limit_version, metadata, updated_at, version,
            slice_hold_id, ends_at)
        = (new.revision, new.type, new.period, new.window_seconds, new.tier, new.provider, new.model, new.component,
            new.task_type,
           new.token_limit, new.cost_limit, new.warning_threshold, new.action_threshold, new.enabled, new.follows_level,
           new.limit_version, new.metadata, new.updated_at, new.version, new.slice_hold_id, new.ends_at)
    WHERE p.tenant_id = new.tenant_id AND p.policy_id = new.policy_id;
    IF (new.type, new.cost_limit, new.token_limit) IS DISTINCT FROM (old.type, old.cost_limit, old.token_limit) THEN
        PERFORM budget.policy_limit_note(new);
    END IF;
    IF new.limit_version <> old.limit_version OR new.revision <> old.revision OR new.type <> old.type THEN
        PERFORM budget.policy_alert(new);
    END IF;
    after := budget.policy_json(new, owner.currency);
    PERFORM budget.audit(action, new.policy_id::text, before::jsonb, after::jsonb);
    RETURN ROW(NULL, after, new.version)::budget.reply;
END $$;

-- old with the members of args put in; a JSON null clears. A period other than rolling drops the window.
CREATE OR REPLACE FUNCTION budget.policy_merge(old budget.policy, args jsonb) RETURNS budget.policy
    LANGUAGE plpgsql STABLE AS $$
DECLARE
    new budget.policy := old;
BEGIN
    new.type := coalesce(args ->> 'type', old.type);
    new.follows_level := old.follows_level AND args ->> 'type' IS NULL;
    new.period := coalesce(args ->> 'period', old.period);
    new.window_seconds := CASE WHEN args ? 'window_seconds' THEN (args ->> 'window_seconds')::integer
                               WHEN new.period = 'rolling' THEN old.window_seconds END;
    new.tier := CASE WHEN args ? 'tier' THEN args ->> 'tier' ELSE old.tier END;
    new.provider := CASE WHEN args ? 'provider' THEN lower(args ->> 'provider') ELSE old.provider END;
    new.model := CASE WHEN args ? 'model' THEN args ->> 'model' ELSE old.model END;
    new.component := CASE WHEN args ? 'component' THEN args ->> 'component' ELSE old.component END;
    new.task_type := CASE WHEN args ? 'task_type' THEN args ->> 'task_type' ELSE old.task_type END;
    new.token_limit := CASE WHEN args ? 'token_limit' THEN (args ->> 'token_limit')::bigint ELSE old.token_limit END;
    new.cost_limit := CASE WHEN args ? 'cost_limit' THEN (args ->> 'cost_limit')::numeric ELSE old.cost_limit END;
    new.warning_threshold := coalesce((args ->> 'warning_threshold')::numeric, old.warning_threshold);
    new.action_threshold := coalesce((args ->> 'action_threshold')::numeric, old.action_threshold);
    new.enabled := coalesce((args ->> 'enabled')::boolean, old.enabled);
    new.metadata := CASE WHEN args ? 'metadata' THEN coalesce(nullif(args -> 'metadata', 'null'), '{}')
        ELSE old.metadata END;
    RETURN new;
END $$;
