-- The dearest model a request without a model name could mean: of its provider and tier where those are given.
-- NULLs when nothing there has a token price. Runs once per shape, so it may look at every price in force.
CREATE OR REPLACE FUNCTION budget.model_dearest(p_tenant uuid, p_provider text, p_tier text, OUT price_provider text, OUT price_model text)
LANGUAGE plpgsql STABLE AS $$
BEGIN
    SELECT p.provider, p.model INTO price_provider, price_model
      FROM budget.price p
     WHERE p.tenant_id IN (p_tenant, budget.catalogue_tenant()) AND p.service_tier = 'standard' AND p.price_type = 'token'
       AND p.effective_date <= clock_timestamp() AND (p.end_date IS NULL OR p.end_date > clock_timestamp())
       AND (p_provider IS NULL OR p.provider = budget.provider_canonical(p_tenant, p_provider))
       AND (p_tier IS NULL OR budget.tier_of(p.provider, p.model, p.model) = p_tier)
     ORDER BY greatest(p.input_cost_per_token, p.output_cost_per_token, p.cache_write_1h_cost_per_token) DESC NULLS LAST,
              p.provider, p.model LIMIT 1;
END $$;
