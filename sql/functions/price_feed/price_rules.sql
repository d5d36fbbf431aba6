-- The settings that say when a price of a source is believed.
CREATE OR REPLACE FUNCTION budget.price_rules() RETURNS budget.price_rules LANGUAGE sql STABLE AS $$
    SELECT ROW(budget.setting_value('price_tolerance_percent')::numeric / 100,
               budget.setting_value('price_agreement')::numeric,
               budget.setting_value('price_trust_bar')::numeric,
               budget.setting_value('price_outlier_factor')::numeric,
               budget.setting_value('price_notice_percent')::numeric,
               make_interval(days => budget.setting_value('price_quote_max_age_days')::integer))::budget.price_rules
$$;

-- The currency the shared catalogue is kept in.
CREATE OR REPLACE FUNCTION budget.catalogue_currency() RETURNS text LANGUAGE sql STABLE AS $$
    SELECT t.currency FROM budget.tenant AS t WHERE t.tenant_id = budget.catalogue_tenant()
$$;

-- Whose word candidates are while nothing is tried out.
CREATE OR REPLACE FUNCTION budget.no_trial() RETURNS uuid LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT '00000000-0000-0000-0000-000000000000'::uuid
$$;
