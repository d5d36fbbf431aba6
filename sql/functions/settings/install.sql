-- What a new database starts with: defaults of the settings that rules read, partitions, the local tenant, its root
-- budget "Default" and the limits of the settings. Runs on every deploy; what is there stays.
-- settings: as budget.settings_publish(). Returns one line per effect.
CREATE OR REPLACE FUNCTION budget.install(settings jsonb DEFAULT '{}') RETURNS SETOF text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, budget, pg_temp AS $$
BEGIN
    PERFORM budget.install_defaults();
    RETURN QUERY SELECT budget.settings_publish(settings);
    RETURN QUERY SELECT budget.price_sources_seed(); -- settings_publish() leaves it out on a new database
    RETURN QUERY SELECT 'partition ' || budget.partitions_make();
    RETURN QUERY SELECT budget.install_tenant();
END $$;

-- The same defaults as lib/settings.c has (tests/unit/test_settings.c compares), for databases made without it.
CREATE OR REPLACE FUNCTION budget.install_defaults() RETURNS void LANGUAGE sql AS $$
    INSERT INTO budget.setting_effective (name, value, source)
    SELECT name, value, 'default' FROM (VALUES
        ('default_currency', 'USD'),
        ('time_zone', 'UTC'),
        ('enforcement_level', 'warn'),
        ('daily_budget_limit', '5'),
        ('weekly_budget_limit', '25'),
        ('monthly_budget_limit', '100'),
        ('hold_ttl_check_seconds', '900'),
        ('hold_ttl_allocation_seconds', '86400'),
        ('unpriced_ceiling_per_token', '0.0001'),
        ('max_output_tokens_default', '4096'),
        ('backdate_hours', '72'),
        ('future_minutes', '5'),
        ('idempotency_days', '35'),
        ('price_tolerance_percent', '10'),
        ('price_agreement', '0.8'),
        ('price_trust_bar', '0.8'),
        ('price_outlier_factor', '3'),
        ('price_notice_percent', '5'),
        ('price_quote_max_age_days', '30')
    ) AS d (name, value)
    ON CONFLICT (name) DO NOTHING
$$;

CREATE OR REPLACE FUNCTION budget.install_tenant() RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    tenant constant uuid := budget.local_tenant();
    root constant uuid := budget.uuid_v7();
BEGIN
    PERFORM set_config('budget.tenant', budget.catalogue_tenant()::text, true);
    INSERT INTO budget.tenant (tenant_id, name, currency, is_active)
    VALUES (budget.catalogue_tenant(), 'catalogue', budget.setting_value('default_currency'), false)
        ON CONFLICT DO NOTHING;
    PERFORM budget.enter(tenant, '{"actor": "install", "role": "system"}');
    IF NOT EXISTS (SELECT FROM budget.tenant t WHERE t.tenant_id = budget.local_tenant()) THEN
        INSERT INTO budget.tenant (tenant_id, name, currency, default_budget_id)
        VALUES (tenant, 'local', budget.setting_value('default_currency'), root);
        INSERT INTO budget.budget (tenant_id, budget_id, path, name, description, currency, time_zone)
        VALUES (tenant, root, ARRAY[root], 'Default', 'The root of all budgets: its limits cap everything.',
            budget.setting_value('default_currency'), budget.setting_value('time_zone'));
        PERFORM budget.audit('tenant.create', tenant::text, NULL, jsonb_build_object('name', 'local'));
        RETURN NEXT 'tenant local with budget Default';
    END IF;
    RETURN QUERY SELECT budget.limits_seed();
END $$;
