-- PUT, PATCH and DELETE /budgets/{id}. What changes which traffic a policy counts, or when, gives it a new revision:
--   time_zone, week_start, month_reset_day, reach   the budget's own policies, as far as they look at it
--   parent_id    the policies of the whole branch, and of the ancestors it leaves or joins
--   is_active    its policies leave the match set or come back
-- Writes: budget, policy and what policy_revise() writes, tenant, audit_log.

-- PUT: members given replace; null and absent leave alone.
CREATE OR REPLACE FUNCTION budget.budget_update(tenant uuid, context jsonb, args jsonb) RETURNS budget.reply
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, budget, pg_temp AS $$
BEGIN
    PERFORM budget.enter(tenant, context);
    RETURN budget.budget_change((args ->> 'id')::uuid, jsonb_strip_nulls(args - 'metadata') || CASE
        WHEN jsonb_typeof(args -> 'metadata') = 'object' THEN jsonb_build_object('metadata', args -> 'metadata')
            ELSE '{}' END, 'budget.update');
END $$;

-- PATCH: a merge patch (RFC 7396), so null clears what may be empty.
CREATE OR REPLACE FUNCTION budget.budget_patch(tenant uuid, context jsonb, args jsonb) RETURNS budget.reply
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, budget, pg_temp AS $$
DECLARE
    item budget.budget;
BEGIN
    PERFORM budget.enter(tenant, context);
    PERFORM budget.epoch_lock(true); -- metadata is merged into what stands there now
    item := budget.budget_find((args ->> 'id')::uuid);
    IF args ? 'metadata' THEN
        args := args || jsonb_build_object('metadata', budget.merge_patch(item.metadata,
            coalesce(nullif(args -> 'metadata', 'null'), '{}')));
    END IF;
    RETURN budget.budget_change(item.budget_id, args, 'budget.update');
END $$;

-- DELETE: nothing is destroyed; the budget and its policies stop counting.
CREATE OR REPLACE FUNCTION budget.budget_retire(tenant uuid, context jsonb, args jsonb) RETURNS budget.reply
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, budget, pg_temp AS $$
BEGIN
    PERFORM budget.enter(tenant, context);
    RETURN budget.budget_change((args ->> 'id')::uuid, '{"is_active": false}', 'budget.retire');
END $$;

CREATE OR REPLACE FUNCTION budget.budget_change(wanted uuid, args jsonb, action text) RETURNS budget.reply
    LANGUAGE plpgsql AS $$
DECLARE
    old budget.budget;
    new budget.budget;
    before json;
    after json;
BEGIN
    PERFORM budget.epoch_lock(true);
    old := budget.budget_find(wanted);
    PERFORM budget.budget_reach(old.path);
    PERFORM budget.match_version(old.version);
    new := budget.budget_merge(old, args);
    before := budget.budget_json(old);
    IF new IS NOT DISTINCT FROM old THEN
        RETURN ROW(NULL, before, old.version)::budget.reply;
    END IF;
    new := budget.budget_check(new);
    PERFORM budget.budget_change_allowed(old, new);
    new.version := old.version + 1;
    new.updated_at := clock_timestamp();
    UPDATE budget.budget b SET (parent_id, path, name, description, owner, is_active, time_zone, week_start,
        month_reset_day, reach,
            fail_mode, hold_basis, allow_free_models, metadata, updated_at, version)
        = (new.parent_id, new.path, new.name, new.description, new.owner, new.is_active, new.time_zone, new.week_start,
           new.month_reset_day, new.reach, new.fail_mode, new.hold_basis, new.allow_free_models, new.metadata,
               new.updated_at, new.version)
    WHERE b.tenant_id = new.tenant_id AND b.budget_id = new.budget_id;
    PERFORM budget.budget_change_effects(old, new);
    after := budget.budget_json(new);
    PERFORM budget.audit(action, new.budget_id::text, before::jsonb, after::jsonb);
    RETURN ROW(NULL, after, new.version)::budget.reply;
END $$;

-- old with the members of args put in; a JSON null clears.
CREATE OR REPLACE FUNCTION budget.budget_merge(old budget.budget, args jsonb) RETURNS budget.budget
    LANGUAGE plpgsql STABLE AS $$
DECLARE
    new budget.budget := old;
BEGIN
    new.name := coalesce(args ->> 'name', old.name);
    new.description := CASE WHEN args ? 'description' THEN coalesce(args ->> 'description', '')
        ELSE old.description END;
    new.owner := CASE WHEN args ? 'owner' THEN args ->> 'owner' ELSE old.owner END;
    new.metadata := CASE WHEN args ? 'metadata' THEN coalesce(nullif(args -> 'metadata', 'null'), '{}')
        ELSE old.metadata END;
    IF args ? 'parent_id' AND (old.parent_id IS NOT NULL OR args ->> 'parent_id' IS NOT NULL) THEN
        new.parent_id := coalesce((args ->> 'parent_id')::uuid, budget.budget_default()); -- null: back below the root
    END IF;
    new.is_active := coalesce((args ->> 'is_active')::boolean, old.is_active);
    new.currency := upper(coalesce(args ->> 'currency', old.currency));
    new.time_zone := coalesce(args ->> 'time_zone', old.time_zone);
    new.week_start := coalesce((args ->> 'week_start')::smallint, old.week_start);
    new.month_reset_day := coalesce((args ->> 'month_reset_day')::smallint, old.month_reset_day);
    new.reach := coalesce(args ->> 'reach', old.reach);
    new.fail_mode := coalesce(args ->> 'fail_mode', old.fail_mode);
    new.hold_basis := coalesce(args ->> 'hold_basis', old.hold_basis);
    new.allow_free_models := coalesce((args ->> 'allow_free_models')::boolean, old.allow_free_models);
    RETURN new;
END $$;

CREATE OR REPLACE FUNCTION budget.budget_change_allowed(old budget.budget, new budget.budget) RETURNS void
    LANGUAGE plpgsql STABLE AS $$
DECLARE
    deepest integer;
    child uuid;
BEGIN
    IF old.parent_id IS NULL AND new.parent_id IS NOT NULL THEN
        PERFORM budget.fail(422, 'root_has_no_parent', '/parent_id',
            'This is the root of all budgets: it has no parent.');
    ELSIF old.parent_id IS NULL AND NOT new.is_active THEN
        PERFORM budget.fail(409, 'root_budget', '',
            'This is the root of all budgets and stays: change or disable its policies instead.');
    ELSIF new.path <> old.path THEN
        PERFORM budget.budget_reach(new.path, '/parent_id');
        SELECT max(cardinality(b.path)) INTO deepest FROM budget.budget b
        WHERE b.tenant_id = budget.tenant() AND b.path @> ARRAY[old.budget_id];
        IF deepest - cardinality(old.path) + cardinality(new.path) > 8 THEN
            PERFORM budget.fail(422, 'tree_too_deep', '/parent_id',
                'Budgets nest 8 deep at most, and this one has others below it.');
        END IF;
    END IF;
    PERFORM budget.slice_budget_change(old, new);
    IF old.is_active AND NOT new.is_active THEN
        SELECT b.budget_id INTO child FROM budget.budget b
        WHERE b.tenant_id = budget.tenant() AND b.parent_id = old.budget_id AND b.is_active ORDER BY b.budget_id
            LIMIT 1;
        IF FOUND THEN
            PERFORM budget.fail(409, 'budget_has_children', '',
                'Active budgets stand below this one: retire or move them first.',
                jsonb_build_object('child_id', child));
        END IF;
    END IF;
END $$;

-- New meanings of policies after the row has changed, in order of policy id.
CREATE OR REPLACE FUNCTION budget.budget_change_effects(old budget.budget, new budget.budget) RETURNS void
    LANGUAGE plpgsql AS $$
DECLARE
    kin constant uuid[] := ARRAY(SELECT unnest(old.path) EXCEPT SELECT unnest(new.path)
                           UNION SELECT unnest(new.path) EXCEPT SELECT unnest(old.path));
    affected uuid;
BEGIN
    IF new.path <> old.path THEN
        UPDATE budget.budget b SET path = new.path || b.path[cardinality(old.path) + 1 :]
        WHERE b.tenant_id = budget.tenant() AND b.path @> ARRAY[old.budget_id] AND b.budget_id <> old.budget_id;
    END IF;
    FOR affected IN
        SELECT p.policy_id FROM budget.policy p JOIN budget.budget b ON b.tenant_id = p.tenant_id
            AND b.budget_id = p.budget_id
        WHERE p.tenant_id = budget.tenant() AND p.enabled AND (
            new.path <> old.path AND (b.path @> ARRAY[new.budget_id] OR b.budget_id = ANY (kin) AND
                (b.reach = 'named' OR coalesce(p.tier, p.provider, p.model, p.component, p.task_type) IS NULL))
            OR b.budget_id = new.budget_id AND (
                new.is_active <> old.is_active
                OR new.time_zone <> old.time_zone AND p.period NOT IN ('lifetime', 'per_session', 'per_task', 'rolling')
                OR new.week_start <> old.week_start AND p.period = 'weekly'
                OR new.month_reset_day <> old.month_reset_day AND p.period IN ('monthly', 'quarterly', 'yearly')
                OR new.reach <> old.reach AND coalesce(p.tier, p.provider, p.model, p.component,
                    p.task_type) IS NOT NULL))
        ORDER BY p.policy_id
    LOOP
        PERFORM budget.policy_revise(affected);
    END LOOP;
END $$;
