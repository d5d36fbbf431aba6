-- Writes the values in force, as the start worked them out over all layers, and lets rules follow them:
-- settings: {"<name>": {"value": text|null, "source": layer}, …}; names left out keep their value, but for those that
-- only a file makes (price_source.…), when the list is complete (it has env).
-- Returns one line per effect, for the log.
-- Writes: setting_effective; policy, setting_seed, audit_log by budget.limits_seed() and budget.level_follow();
-- price_source.
CREATE OR REPLACE FUNCTION budget.settings_publish(settings jsonb) RETURNS SETOF text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, budget, pg_temp AS $$
BEGIN
    INSERT INTO budget.setting_effective AS e (name, value, source)
    SELECT name, item ->> 'value', item ->> 'source' FROM jsonb_each(settings) AS s (name, item) ORDER BY name
    ON CONFLICT (name) DO UPDATE SET value = excluded.value, source = excluded.source, published_at = clock_timestamp()
    WHERE (e.value, e.source) IS DISTINCT FROM (excluded.value, excluded.source);
    DELETE FROM budget.setting_effective AS e
    WHERE settings ? 'env' AND e.name LIKE 'price\_source.%' AND NOT settings ? e.name;
    IF EXISTS (SELECT FROM budget.setting_seed WHERE name = 'installed') THEN
        RETURN QUERY SELECT budget.price_sources_seed();
        RETURN QUERY SELECT budget.limits_seed();
        RETURN QUERY SELECT budget.level_follow();
    END IF;
END $$;

-- Type of a policy that names none, from BUDGET_ENFORCEMENT_LEVEL.
CREATE OR REPLACE FUNCTION budget.level_type() RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN lower(budget.setting_value('enforcement_level'));
END $$;

-- Policies made without a type take the level's when it has changed. One whose place is taken by a twin stays as it is.
CREATE OR REPLACE FUNCTION budget.level_follow() RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    item record;
BEGIN
    PERFORM set_config('budget.tenant', '*', true);
    FOR item IN SELECT t.tenant_id FROM budget.tenant t WHERE t.tenant_id <> budget.catalogue_tenant()
        ORDER BY t.tenant_id LOOP
        PERFORM budget.enter(item.tenant_id, '{"actor": "settings", "role": "system"}');
        PERFORM budget.epoch_lock(true);
        RETURN QUERY SELECT budget.level_follow(item.tenant_id);
    END LOOP;
END $$;

CREATE OR REPLACE FUNCTION budget.level_follow(tenant uuid) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    item budget.policy;
    wanted constant text := budget.level_type();
BEGIN
    FOR item IN SELECT * FROM budget.policy p WHERE p.tenant_id = tenant AND p.follows_level AND p.type <> wanted
        ORDER BY p.policy_id FOR NO KEY UPDATE LOOP
        BEGIN
            PERFORM budget.policy_change(item.policy_id, jsonb_build_object('type', wanted), 'policy.update');
            UPDATE budget.policy p SET follows_level = true -- it names none now either
            WHERE p.tenant_id = tenant AND p.policy_id = item.policy_id;
            RETURN NEXT format('policy %s follows the enforcement level: %s -> %s', item.policy_id, item.type, wanted);
        EXCEPTION WHEN SQLSTATE 'BG409' THEN
            RETURN NEXT format('policy %s stays %s: a twin of type %s exists', item.policy_id, item.type, wanted);
        END;
    END LOOP;
END $$;
