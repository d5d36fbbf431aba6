-- The price as a request with so much input pays it: the rates of the highest context tier that is passed replace the
-- row's own. A row without context tiers comes back as it is.
CREATE OR REPLACE FUNCTION budget.price_in_context(price budget.price, all_input_tokens bigint) RETURNS budget.price
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    rate budget.context_rate;
    result budget.price := price;
BEGIN
    FOREACH rate IN ARRAY coalesce(price.context_rates, '{}') LOOP
        EXIT WHEN all_input_tokens <= rate.above_input_tokens;
        result.input_cost_per_token := coalesce(rate.input_cost_per_token, price.input_cost_per_token);
        result.output_cost_per_token := coalesce(rate.output_cost_per_token, price.output_cost_per_token);
        result.cache_read_cost_per_token := coalesce(rate.cache_read_cost_per_token, price.cache_read_cost_per_token);
        result.cache_write_5m_cost_per_token := coalesce(rate.cache_write_5m_cost_per_token,
            price.cache_write_5m_cost_per_token);
        result.cache_write_1h_cost_per_token := coalesce(rate.cache_write_1h_cost_per_token,
            price.cache_write_1h_cost_per_token);
        result.reasoning_cost_per_token := coalesce(rate.reasoning_cost_per_token, price.reasoning_cost_per_token);
    END LOOP;
    result.context_rates := NULL;
    RETURN result;
END $$;
