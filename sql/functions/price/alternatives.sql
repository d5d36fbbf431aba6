-- Cheaper models of the same tier, for refusals and check.

-- Works price_offer out again for one owner of prices (the catalogue, or a tenant with prices of its own): per tier and
-- mode the 24 cheapest in force at a quarter input, and the free local ones. A model whose context window nobody knows
-- is no offer: it might not serve. Called wherever prices or models change.
CREATE OR REPLACE FUNCTION budget.price_offers_refresh(owner uuid) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM budget.price_offer AS o WHERE o.tenant_id = owner;
    INSERT INTO budget.price_offer (tenant_id, tier, mode, place, provider, model, pricing_id, input_cost, output_cost,
        input_bound, output_bound, request_cost, above, context_tokens, max_output_tokens, is_local, until)
    SELECT owner, c.tier, c.mode, c.place, c.provider, c.model, c.pricing_id, c.input_cost, c.output_cost,
           c.input_bound, c.output_bound, c.request_cost, c.above, c.context_tokens, c.max_output_tokens,
           c.is_local, c.until
    FROM (SELECT m.tier, m.mode, p.provider, p.model, p.pricing_id, coalesce(p.input_cost_per_token, 0) AS input_cost,
                 coalesce(p.output_cost_per_token, 0) AS output_cost, coalesce(r.input, 0) AS input_bound,
                 coalesce(r.output, 0) AS output_bound, coalesce(p.fixed_cost_per_request, 0) AS request_cost,
                 (p.context_rates[1]).above_input_tokens AS above, m.context_tokens, m.max_output_tokens,
                 p.price_type = 'free' AS is_local,
                 coalesce(p.end_date, 'infinity') AS until,
                 row_number() OVER (PARTITION BY m.tier, m.mode
                     ORDER BY p.price_type = 'free', p.input_cost_per_token + 3 * p.output_cost_per_token
                              + 4000 * coalesce(p.fixed_cost_per_request, 0), p.provider, p.model) AS place,
                 count(*) FILTER (WHERE p.price_type <> 'free') OVER (PARTITION BY m.tier, m.mode) AS paid
          FROM budget.price AS p
          CROSS JOIN LATERAL budget.dearest_rates(p, 0) AS r
          CROSS JOIN LATERAL budget.model_described(owner, p.provider, p.model) AS m
          WHERE p.tenant_id = owner AND p.service_tier = 'standard' AND p.price_type IN ('token', 'free')
            AND p.model <> '*' AND m.context_tokens IS NOT NULL AND p.effective_date <= clock_timestamp()
            AND coalesce(p.end_date, 'infinity') > clock_timestamp()) AS c
    WHERE c.place <= 24 OR c.place > c.paid;
END $$;

-- Up to `most` models of the tier and mode of (provider, model) that cost less and whose bound is within max_cost (NULL
-- = any), cheapest first, free local ones last: [{"provider", "model", "estimated_cost"}]. Names are canonical. None
-- that could not serve: the window holds input and output, and one answer may be as long as longest_answer (NULL = all
-- of the output; 0 where the output is not one answer).
-- On the way of refusals: two index probes and one short range of price_offer; the rare cases have a statement of their
-- own.
CREATE OR REPLACE FUNCTION budget.alternatives(tenant uuid, provider text, model text, input_tokens bigint,
    output_tokens bigint, max_cost numeric, most integer DEFAULT 3, longest_answer bigint DEFAULT NULL)
RETURNS json LANGUAGE plpgsql STABLE AS $$
DECLARE
    kind budget.model := budget.model_described(tenant, provider, model);
    at constant timestamptz := clock_timestamp(); -- a variable: price_at() does not inline with a volatile argument
    now_cost numeric;
    result json;
BEGIN
    SELECT budget.cost_estimate(p, input_tokens, output_tokens) INTO now_cost
    FROM budget.price_at(tenant, provider, model, 'standard', at) AS p;
    IF input_tokens > 100000 THEN
        RETURN budget.alternatives_full(tenant, kind, input_tokens, output_tokens, max_cost, now_cost, most,
            longest_answer);
    END IF;
    SELECT json_agg(json_build_object('provider', o.provider, 'model', o.model, 'estimated_cost',
        budget.decimal(o.cost))
                    ORDER BY o.is_local, o.cost, o.provider, o.model) INTO result
    FROM (SELECT c.provider, c.model, c.is_local, c.cost
          FROM (SELECT o.tenant_id, o.provider, o.model, o.is_local,
                       input_tokens * o.input_cost + output_tokens * o.output_cost + o.request_cost AS cost
                FROM budget.price_offer AS o
                WHERE o.tenant_id IN (tenant, budget.catalogue_tenant()) AND o.tier = kind.tier AND o.mode = kind.mode
                  AND o.until > at
                  AND coalesce(input_tokens <= o.above, true)
                  AND o.context_tokens >= input_tokens + output_tokens
                  AND coalesce(o.max_output_tokens >= coalesce(longest_answer, output_tokens), true)
                  AND (o.provider <> kind.provider OR o.model <> kind.model)
                  AND coalesce(input_tokens * o.input_cost + output_tokens * o.output_cost + o.request_cost
                               < now_cost, true)
                  AND coalesce(input_tokens * o.input_bound + output_tokens * o.output_bound + o.request_cost
                               <= max_cost, true)
                ORDER BY o.is_local, 5, o.provider, o.model OFFSET 0) AS c -- cheapest first: few are looked at closely
          WHERE c.tenant_id = tenant OR NOT budget.price_is_hidden(tenant, c.provider, c.model, at)
          LIMIT most) AS o;
    RETURN coalesce(result, '[]');
END $$;

-- A price of the tenant's own hides the catalogue's of the same model.
CREATE OR REPLACE FUNCTION budget.price_is_hidden(tenant uuid, provider text, model text, at timestamptz)
RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN EXISTS (SELECT FROM budget.price AS own WHERE own.tenant_id = price_is_hidden.tenant
        AND own.model = price_is_hidden.model AND own.provider = price_is_hidden.provider
        AND own.effective_date <= at AND coalesce(own.end_date, 'infinity') > at);
END $$;

-- The same with context tiers: every offer is priced in full.
CREATE OR REPLACE FUNCTION budget.alternatives_full(tenant uuid, kind budget.model, input_tokens bigint,
    output_tokens bigint, max_cost numeric, now_cost numeric, most integer, longest_answer bigint)
RETURNS json LANGUAGE plpgsql STABLE AS $$
DECLARE
    at constant timestamptz := clock_timestamp();
    result json;
BEGIN
    SELECT json_agg(json_build_object('provider', o.provider, 'model', o.model, 'estimated_cost',
        budget.decimal(o.cost))
                    ORDER BY o.is_local, o.cost, o.provider, o.model) INTO result
    FROM (SELECT o.provider, o.model, o.is_local, c.cost
          FROM budget.price_offer AS o
          JOIN budget.price AS p ON p.tenant_id = o.tenant_id AND p.pricing_id = o.pricing_id
          CROSS JOIN LATERAL (SELECT budget.cost_estimate(p, input_tokens, output_tokens) AS cost,
                                     budget.cost_bound(p, input_tokens, output_tokens) AS bound) AS c
          WHERE o.tenant_id IN (tenant, budget.catalogue_tenant()) AND o.tier = kind.tier AND o.mode = kind.mode
              AND o.until > at
            AND o.context_tokens >= input_tokens + output_tokens
            AND coalesce(o.max_output_tokens >= coalesce(longest_answer, output_tokens), true)
            AND (o.provider <> kind.provider OR o.model <> kind.model)
            AND coalesce(c.cost < now_cost, true) AND coalesce(c.bound <= max_cost, true)
            AND (o.tenant_id = tenant OR NOT budget.price_is_hidden(tenant, o.provider, o.model, at))
          ORDER BY o.is_local, c.cost, o.provider, o.model LIMIT most) AS o;
    RETURN coalesce(result, '[]');
END $$;

-- What is known about a model: the tenant's own description before the catalogue's; names, tier and mode are never
-- NULL.
CREATE OR REPLACE FUNCTION budget.model_described(tenant uuid, provider text, model text) RETURNS budget.model
LANGUAGE plpgsql STABLE AS $$
DECLARE
    result budget.model;
BEGIN
    SELECT m.* INTO result FROM budget.model AS m
    WHERE m.tenant_id IN (tenant, budget.catalogue_tenant()) AND m.provider = model_described.provider
      AND m.model = model_described.model
    ORDER BY m.tenant_id DESC LIMIT 1;              -- the catalogue's id is the smallest there is
    IF result.tier IS NULL THEN
        result.tier := budget.tier_of(provider, model, model);
    END IF;
    result.provider := provider;
    result.model := model;
    result.mode := coalesce(result.mode, 'chat');
    RETURN result;
END $$;
