-- A price as the API shows it. Rates are per token, per_million repeats them for people; what is not set is null in the
-- one and left out in the other. scope: whose price it is, the shared catalogue's or the tenant's own.
CREATE OR REPLACE FUNCTION budget.price_json(price budget.price) RETURNS json LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN json_build_object(
        'pricing_id', price.pricing_id, 'provider', price.provider, 'model', price.model,
        'service_tier', price.service_tier, 'price_type', price.price_type, 'currency', price.currency,
        'input_cost_per_token', budget.decimal(price.input_cost_per_token),
        'output_cost_per_token', budget.decimal(price.output_cost_per_token),
        'cache_read_cost_per_token', budget.decimal(price.cache_read_cost_per_token),
        'cache_write_5m_cost_per_token', budget.decimal(price.cache_write_5m_cost_per_token),
        'cache_write_1h_cost_per_token', budget.decimal(price.cache_write_1h_cost_per_token),
        'reasoning_cost_per_token', budget.decimal(price.reasoning_cost_per_token),
        'input_audio_cost_per_token', budget.decimal(price.input_audio_cost_per_token),
        'output_audio_cost_per_token', budget.decimal(price.output_audio_cost_per_token),
        'input_image_cost_per_token', budget.decimal(price.input_image_cost_per_token),
        'output_image_cost_per_token', budget.decimal(price.output_image_cost_per_token),
        'input_cost_per_char', budget.decimal(price.input_cost_per_char),
        'output_cost_per_char', budget.decimal(price.output_cost_per_char),
        'cost_per_image', budget.decimal(price.cost_per_image),
        'cost_per_second', budget.decimal(price.cost_per_second),
        'fixed_cost_per_request', budget.decimal(price.fixed_cost_per_request),
        'web_search_cost_per_request', budget.decimal(price.web_search_cost_per_request),
        'context_rates', budget.context_rates_json(price), 'per_million', budget.price_per_million(price),
        'version', price.version, 'source', price.source, 'source_url', price.source_url,
        'scope', CASE WHEN price.tenant_id = budget.catalogue_tenant() THEN 'catalogue' ELSE 'tenant' END,
        'verified', price.verified, 'approved_by', price.approved_by,
        'effective_date', budget.utc(price.effective_date), 'end_date', budget.utc(price.end_date),
        'created_at', budget.utc(price.created_at), 'metadata', price.metadata);
END $$;

-- Context tiers, lowest first: [] when there are none.
CREATE OR REPLACE FUNCTION budget.context_rates_json(price budget.price) RETURNS json LANGUAGE sql STABLE AS $$
    SELECT coalesce(json_agg(json_strip_nulls(json_build_object(
        'above_input_tokens', r.above_input_tokens, 'input_cost_per_token', budget.decimal(r.input_cost_per_token),
        'output_cost_per_token', budget.decimal(r.output_cost_per_token),
        'cache_read_cost_per_token', budget.decimal(r.cache_read_cost_per_token),
        'cache_write_5m_cost_per_token', budget.decimal(r.cache_write_5m_cost_per_token),
        'cache_write_1h_cost_per_token', budget.decimal(r.cache_write_1h_cost_per_token),
        'reasoning_cost_per_token', budget.decimal(r.reasoning_cost_per_token))) ORDER BY r.above_input_tokens), '[]')
    FROM unnest(price.context_rates) AS r
$$;

-- The token and character rates of a price per million: {"input": 3, "output": 15, …}.
CREATE OR REPLACE FUNCTION budget.price_per_million(price budget.price) RETURNS json LANGUAGE sql STABLE AS $$
    SELECT json_strip_nulls(json_build_object(
        'input', budget.decimal(price.input_cost_per_token * 1000000),
        'output', budget.decimal(price.output_cost_per_token * 1000000),
        'cache_read', budget.decimal(price.cache_read_cost_per_token * 1000000),
        'cache_write_5m', budget.decimal(price.cache_write_5m_cost_per_token * 1000000),
        'cache_write_1h', budget.decimal(price.cache_write_1h_cost_per_token * 1000000),
        'reasoning', budget.decimal(price.reasoning_cost_per_token * 1000000),
        'input_audio', budget.decimal(price.input_audio_cost_per_token * 1000000),
        'output_audio', budget.decimal(price.output_audio_cost_per_token * 1000000),
        'input_image', budget.decimal(price.input_image_cost_per_token * 1000000),
        'output_image', budget.decimal(price.output_image_cost_per_token * 1000000),
        'input_chars', budget.decimal(price.input_cost_per_char * 1000000),
        'output_chars', budget.decimal(price.output_cost_per_char * 1000000)))
$$;
