-- Limits of files and environment on budget Default of the local tenant. The first start seeds them; later a *changed*
-- value is applied once and logged; an unchanged one never overwrites what the API has set since.
-- A value that comes from `default` seeds a new database only: deleting a line from a file resets nothing.
--   daily|weekly|monthly_budget_limit   the unfiltered policy of that period
--   allocation.<component>              percent of each of these limits, as a policy with that component as its filter
-- Writes: setting_seed; policies by budget.policy_insert() and budget.policy_change(), as the API does.
-- Returns one line per effect.
CREATE OR REPLACE FUNCTION budget.limits_seed() RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    tenant constant uuid := budget.local_tenant();
    is_new constant boolean := NOT EXISTS (SELECT FROM budget.setting_seed s WHERE s.name = 'installed');
    item record;
BEGIN
    PERFORM budget.enter(tenant, '{"actor": "settings", "role": "system"}');
    PERFORM budget.epoch_lock(true);
    FOR item IN
        SELECT e.name, e.value, e.source, s.value AS applied FROM budget.setting_effective e
            LEFT JOIN budget.setting_seed s USING (name)
        WHERE e.name IN ('daily_budget_limit', 'weekly_budget_limit', 'monthly_budget_limit')
            OR e.name LIKE 'allocation.%'
        ORDER BY e.name LIKE 'allocation.%', e.name
    LOOP
        CONTINUE WHEN item.value IS NOT DISTINCT FROM item.applied OR (item.source = 'default' AND NOT is_new);
        IF item.name LIKE 'allocation.%' THEN
            RETURN QUERY SELECT budget.allocation_seed(tenant, split_part(item.name, '.', 2), item.value::numeric);
        ELSE
            RETURN NEXT budget.limit_seed(tenant, split_part(item.name, '_', 1), NULL, item.value::numeric);
        END IF;
        INSERT INTO budget.setting_seed AS s (name, value) VALUES (item.name, item.value)
        ON CONFLICT (name) DO UPDATE SET value = excluded.value, applied_at = clock_timestamp();
    END LOOP;
    INSERT INTO budget.setting_seed (name, value) VALUES ('installed', 'yes') ON CONFLICT DO NOTHING;
END $$;

-- Share of a component in each unfiltered cost limit of Default.
CREATE OR REPLACE FUNCTION budget.allocation_seed(tenant uuid, component text, percent numeric) RETURNS SETOF text
LANGUAGE plpgsql AS $$
DECLARE
    item record;
BEGIN
    IF component = 'other' THEN -- what the named components leave: there is nothing to count apart
        RETURN;
    END IF;
    FOR item IN
        SELECT DISTINCT ON (p.period) p.period, p.cost_limit FROM budget.policy p
        JOIN budget.tenant t ON t.tenant_id = p.tenant_id AND t.default_budget_id = p.budget_id
        WHERE p.tenant_id = allocation_seed.tenant AND p.enabled AND p.cost_limit IS NOT NULL AND p.period <> 'rolling'
          AND coalesce(p.tier, p.provider, p.model, p.component, p.task_type) IS NULL
        ORDER BY p.period, p.policy_id
    LOOP
        RETURN NEXT budget.limit_seed(tenant, item.period, component, item.cost_limit * percent / 100);
    END LOOP;
END $$;

-- Sets the cost limit of Default's policy of this period and component (NULL = unfiltered); makes the policy if absent.
CREATE OR REPLACE FUNCTION budget.limit_seed(tenant uuid, period text, component text, cost_limit numeric) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
    present budget.policy;
    what constant text := format('%s limit of budget Default%s', period, coalesce(' for ' || component, ''));
BEGIN
    SELECT p.* INTO present FROM budget.policy p
    JOIN budget.tenant t ON t.tenant_id = p.tenant_id AND t.default_budget_id = p.budget_id
    WHERE p.tenant_id = limit_seed.tenant AND p.enabled AND p.period = limit_seed.period
      AND p.component IS NOT DISTINCT FROM limit_seed.component
      AND coalesce(p.tier, p.provider, p.model, p.task_type) IS NULL
    ORDER BY p.follows_level DESC, p.policy_id LIMIT 1 FOR NO KEY UPDATE OF p;
    IF NOT FOUND THEN
        PERFORM budget.policy_insert(jsonb_strip_nulls(jsonb_build_object('budget_id',
            (SELECT t.default_budget_id FROM budget.tenant t WHERE t.tenant_id = limit_seed.tenant),
            'period', period, 'component', component, 'cost_limit', cost_limit)), '');
        RETURN format('%s: %s', what, cost_limit);
    END IF;
    PERFORM budget.policy_change(present.policy_id, jsonb_build_object('cost_limit', cost_limit), 'policy.update');
    RETURN format('%s: %s -> %s (changed in the settings)', what, present.cost_limit, limit_seed.cost_limit);
END $$;
