-- Cheaper models of the same tier, for refusals and check.

-- Works price_offer out again for one owner of prices (the catalogue, or a tenant with prices of its own): per tier and mode
-- the 24 cheapest in force at a quarter input, and the free local ones. Called wherever prices or models change.
CREATE OR REPLACE FUNCTION budget.price_offers_refresh(owner uuid) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM budget.price_offer AS o WHERE o.tenant_id = owner;
    INSERT INTO budget.price_offer (tenant_id, tier, mode, place, provider, model, pricing_id, input_cost, output_cost, input_bound,
        output_bound, request_cost, above, context_tokens, is_local, until)
    SELECT owner, c.tier, c.mode, c.place, c.provider, c.model, c.pricing_id, c.input_cost, c.output_cost, c.input, c.output,
           c.request_cost, c.above, c.context_tokens, c.is_local, c.until
    FROM (SELECT p.provider, p.model, p.pricing_id, coalesce(m.tier, budget.tier_of(p.provider, p.model, p.model)) AS tier,
                 coalesce(m.mode, 'chat') AS mode, coalesce(p.input_cost_per_token, 0) AS input_cost,
                 coalesce(p.output_cost_per_token, 0) AS output_cost, coalesce(r.input, 0) AS input, coalesce(r.output, 0) AS output,
                 coalesce(p.fixed_cost_per_request, 0) AS request_cost, (p.context_rates[1]).above_input_tokens AS above,
                 m.context_tokens, p.price_type = 'free' AS is_local, coalesce(p.end_date, 'infinity') AS until,
                 row_number() OVER (PARTITION BY coalesce(m.tier, budget.tier_of(p.provider, p.model, p.model)), coalesce(m.mode, 'chat')
                     ORDER BY p.price_type = 'free', p.input_cost_per_token + 3 * p.output_cost_per_token + 4000 * coalesce(p.fixed_cost_per_request, 0),
                              p.provider, p.model) AS place,
                 count(*) FILTER (WHERE p.price_type <> 'free') OVER (PARTITION BY coalesce(m.tier, budget.tier_of(p.provider, p.model, p.model)),
                     coalesce(m.mode, 'chat')) AS paid
          FROM budget.price AS p
          CROSS JOIN LATERAL budget.dearest_rates(p, 0) AS r
          LEFT JOIN LATERAL (SELECT * FROM budget.model AS m WHERE m.tenant_id IN (owner, budget.catalogue_tenant())
                  AND m.provider = p.provider AND m.model = p.model ORDER BY m.tenant_id = owner DESC LIMIT 1) AS m ON true
          WHERE p.tenant_id = owner AND p.service_tier = 'standard' AND p.price_type IN ('token', 'free') AND p.model <> '*'
            AND p.effective_date <= clock_timestamp() AND coalesce(p.end_date, 'infinity') > clock_timestamp()) AS c
    WHERE c.place <= 24 OR c.place > c.paid;
END $$;

-- Up to `most` models of the tier and mode of (provider, model) that cost less and whose bound is within max_cost (NULL = any),
-- cheapest first, free local ones last: [{"provider", "model", "estimated_cost"}]. Names are canonical.
CREATE OR REPLACE FUNCTION budget.alternatives(tenant uuid, provider text, model text, input_tokens bigint, output_tokens bigint,
    max_cost numeric, most integer DEFAULT 3) RETURNS json LANGUAGE plpgsql STABLE AS $$
DECLARE
    now_tier text;
    now_mode text := 'chat';
    now_cost numeric;
    result json;
BEGIN
    SELECT m.tier, m.mode INTO now_tier, now_mode FROM budget.model AS m
    WHERE m.tenant_id IN (tenant, budget.catalogue_tenant()) AND m.provider = alternatives.provider AND m.model = alternatives.model
    ORDER BY m.tenant_id = tenant DESC LIMIT 1;
    IF now_tier IS NULL THEN
        now_tier := budget.tier_of(provider, model, model);
        now_mode := coalesce(now_mode, 'chat');
    END IF;
    SELECT budget.cost_estimate(p, input_tokens, output_tokens) INTO now_cost
    FROM budget.price_at(tenant, provider, model, 'standard', clock_timestamp()) AS p;
    SELECT json_agg(json_build_object('provider', o.provider, 'model', o.model, 'estimated_cost', budget.decimal(o.cost)) ORDER BY o.is_local, o.cost)
    INTO result
    FROM (SELECT o.provider, o.model, o.is_local, c.cost FROM budget.price_offer AS o
          CROSS JOIN LATERAL (SELECT CASE WHEN input_tokens > o.above
              THEN (SELECT budget.cost_estimate(p, input_tokens, output_tokens) FROM budget.price AS p
                    WHERE p.tenant_id = o.tenant_id AND p.pricing_id = o.pricing_id)
              ELSE input_tokens * o.input_cost + output_tokens * o.output_cost + o.request_cost END AS cost) AS c
          WHERE o.tenant_id IN (tenant, budget.catalogue_tenant()) AND o.tier = now_tier AND o.mode = now_mode
            AND o.until > clock_timestamp() AND coalesce(o.context_tokens >= input_tokens + output_tokens, true)
            AND (o.provider, o.model) <> (alternatives.provider, alternatives.model)
            AND coalesce(c.cost < now_cost, true)
            AND coalesce(CASE WHEN input_tokens > o.above THEN 2 ELSE 1 END  -- beyond a context tier rates double at most
                * (input_tokens * o.input_bound + output_tokens * o.output_bound) + o.request_cost <= max_cost, true)
            AND (o.tenant_id = tenant OR NOT EXISTS (SELECT FROM budget.price AS own WHERE own.tenant_id = tenant
                 AND own.provider = o.provider AND own.model = o.model AND own.end_date IS NULL))
          ORDER BY o.is_local, c.cost, o.provider, o.model LIMIT most) AS o;
    RETURN coalesce(result, '[]');
END $$;
