-- POST /prices/calculate: what a request with these counts would cost, by the formula that records are priced with. A
-- model without a price is 404, never 0; a price that has no rate for what was counted: priced false, costs null.
CREATE OR REPLACE FUNCTION budget.price_calculate(tenant uuid, context jsonb, args jsonb) RETURNS budget.reply
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, budget, pg_temp AS $$
DECLARE
    counts constant budget.token_usage := jsonb_populate_record(NULL::budget.token_usage, args);
    named record;
    price budget.price;
    paid budget.price;
    cost record;
    total bigint;
    all_input bigint;
    at timestamptz;
BEGIN
    PERFORM budget.enter(tenant, context);
    at := coalesce(budget.range_bound(args ->> 'at', budget.tenant_zone(), false), clock_timestamp());
    named := budget.model_named(args ->> 'provider', args ->> 'model');
    price := budget.price_in_force(named.price_provider, named.price_model, args ->> 'service_tier', at);
    SELECT * INTO cost FROM budget.usage_cost(price, counts);
    all_input := budget.input_total(counts);
    total := all_input + coalesce(counts.output_tokens, 0) + coalesce(counts.reasoning_tokens, 0)
        + coalesce(counts.output_audio_tokens, 0) + coalesce(counts.output_image_tokens, 0);
    paid := budget.price_in_context(price, all_input);
    RETURN ROW(NULL, budget.json_join(
        json_build_object('provider', price.provider, 'model', price.model, 'requested_model', args ->> 'model',
            'service_tier', price.service_tier, 'priced', cost.cost IS NOT NULL,
            'input_cost', budget.decimal(cost.input_cost), 'output_cost', budget.decimal(cost.output_cost),
            'total_cost', budget.decimal(cost.cost), 'currency', price.currency, 'pricing_id', price.pricing_id),
        budget.json_join(budget.counts_json(counts), json_build_object('total_tokens', total,
            'context_tier', budget.context_tier(price, all_input), 'per_million', budget.price_per_million(paid),
            'context_rates', budget.context_rates_json(price),
            'service_tiers', budget.service_tiers_json(price.provider, price.model, at), 'source', price.source,
            'verified', price.verified, 'effective_date', budget.utc(price.effective_date)))), NULL)::budget.reply;
END $$;

-- All input of a request, cached or not: what context tiers look at.
CREATE OR REPLACE FUNCTION budget.input_total(counts budget.token_usage) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(counts.input_tokens, 0) + coalesce(counts.cache_read_tokens, 0)
         + coalesce(counts.cache_write_5m_tokens, 0) + coalesce(counts.cache_write_1h_tokens, 0)
         + coalesce(counts.input_audio_tokens, 0) + coalesce(counts.input_image_tokens, 0)
$$;

-- The context tier (its above_input_tokens) that so much input has passed; NULL = none.
CREATE OR REPLACE FUNCTION budget.context_tier(price budget.price, all_input_tokens bigint) RETURNS bigint
LANGUAGE sql IMMUTABLE AS $$
    SELECT max(r.above_input_tokens) FROM unnest(price.context_rates) AS r WHERE r.above_input_tokens < all_input_tokens
$$;

-- The counts that were given, input and output always.
CREATE OR REPLACE FUNCTION budget.counts_json(counts budget.token_usage) RETURNS json LANGUAGE sql IMMUTABLE AS $$
    SELECT json_strip_nulls(json_build_object(
        'input_tokens', coalesce(counts.input_tokens, 0), 'cache_read_tokens', counts.cache_read_tokens,
        'cache_write_5m_tokens', counts.cache_write_5m_tokens, 'cache_write_1h_tokens', counts.cache_write_1h_tokens,
        'output_tokens', coalesce(counts.output_tokens, 0), 'reasoning_tokens', counts.reasoning_tokens,
        'input_audio_tokens', counts.input_audio_tokens, 'output_audio_tokens', counts.output_audio_tokens,
        'input_image_tokens', counts.input_image_tokens, 'output_image_tokens', counts.output_image_tokens,
        'requests', counts.requests, 'characters', counts.characters, 'images', counts.images,
        'seconds', counts.seconds, 'output_characters', counts.output_characters, 'web_searches', counts.web_searches))
$$;
