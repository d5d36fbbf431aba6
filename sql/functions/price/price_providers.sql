-- GET /providers/prices: the same prices by provider and model, service tiers side by side. Paged by provider.
CREATE OR REPLACE FUNCTION budget.price_providers(tenant uuid, context jsonb, args jsonb) RETURNS budget.reply
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, budget, pg_temp AS $$
DECLARE
    per_page constant integer := coalesce((args ->> 'limit')::integer, 50);
    page constant integer := coalesce((args ->> 'page')::integer, 1);
    seller text;
    after text[];
    rows json[];
    total bigint;
    last text;
BEGIN
    PERFORM budget.enter(tenant, context);
    after := budget.cursor_decode(args ->> 'cursor', 1);
    seller := budget.provider_canonical(tenant, args ->> 'provider');
    WITH price AS MATERIALIZED (
        SELECT p AS price, p.provider COLLATE "C" AS provider, p.model, p.service_tier <> 'standard' AS is_other,
               p.service_tier, p.currency, p.input_cost_per_token AS input, p.output_cost_per_token AS output
               FROM budget.prices_at(clock_timestamp(), seller) AS p),
    matching AS (SELECT DISTINCT p.provider FROM price AS p),
    slice AS (SELECT m.provider FROM matching AS m WHERE after IS NULL OR m.provider > after[1]
              ORDER BY m.provider LIMIT per_page + 1 OFFSET CASE WHEN after IS NULL THEN (page - 1)::bigint * per_page
                  ELSE 0 END),
    model AS (
        SELECT p.provider, p.model, json_agg(budget.price_brief_json(p.price) ORDER BY p.is_other,
               p.service_tier) AS prices, (array_agg(p.currency ORDER BY p.is_other))[1] AS currency,
               (array_agg(p.input ORDER BY p.is_other))[1] AS input,
               (array_agg(p.output ORDER BY p.is_other))[1] AS output
        FROM price AS p WHERE p.provider IN (SELECT s.provider FROM slice AS s) GROUP BY p.provider, p.model)
    SELECT (SELECT count(*) FROM matching),
           array_agg(json_build_object('provider', s.provider,
               'kind', (SELECT n.kind FROM budget.provider_name AS n
               WHERE n.tenant_id IN (tenant, budget.catalogue_tenant()) AND n.name = s.provider
                        ORDER BY n.tenant_id = tenant DESC LIMIT 1),
               'models', (SELECT json_agg(json_build_object('model', m.model, 'display_name', d.display_name, 'tier',
                              d.tier, 'mode', d.mode, 'context_tokens', d.context_tokens, 'max_output_tokens',
                              d.max_output_tokens, 'capabilities', to_json(d.capabilities), 'currency', m.currency,
                              'input_cost_per_token', budget.decimal(m.input), 'output_cost_per_token',
                              budget.decimal(m.output), 'prices', m.prices) ORDER BY m.model)
                          FROM model AS m CROSS JOIN LATERAL budget.model_described(tenant, m.provider, m.model) AS d
                          WHERE m.provider = s.provider)) ORDER BY s.provider),
           (array_agg(s.provider ORDER BY s.provider))[per_page]
    INTO total, rows, last FROM slice AS s;
    RETURN ROW(NULL, json_build_object('items', coalesce(to_json(rows[:per_page]), '[]'), 'total', total, 'page', page,
        'limit', per_page, 'next_cursor', CASE WHEN cardinality(rows) > per_page THEN budget.cursor_encode(last) END),
        NULL)::budget.reply;
END $$;

-- One service tier of a model, without what its model says already.
CREATE OR REPLACE FUNCTION budget.price_brief_json(price budget.price) RETURNS json LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN json_build_object('service_tier', price.service_tier, 'pricing_id', price.pricing_id, 'price_type',
        price.price_type, 'per_million', budget.price_per_million(price), 'context_rates',
        budget.context_rates_json(price), 'cost_per_image', budget.decimal(price.cost_per_image), 'cost_per_second',
        budget.decimal(price.cost_per_second), 'fixed_cost_per_request', budget.decimal(price.fixed_cost_per_request),
        'source', price.source, 'verified', price.verified, 'effective_date', budget.utc(price.effective_date));
END $$;
