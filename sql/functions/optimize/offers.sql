-- Models that can do a job, with what the tenant knows of them and their standard price: of that tier and mode, with
-- room for the longest request and its answer, with every skill. A context window that nobody knows serves nothing; an
-- answer's limit that nobody knows is the window's.
CREATE OR REPLACE FUNCTION budget.offers(kind budget.model, longest bigint, longest_answer bigint, skills text[])
RETURNS TABLE (price budget.price, offered budget.model) LANGUAGE plpgsql STABLE ROWS 50 AS $$
BEGIN
    RETURN QUERY
    SELECT p, m FROM budget.prices_at(clock_timestamp()) AS p
    CROSS JOIN LATERAL budget.model_described(budget.tenant(), p.provider, p.model) AS m
    WHERE p.service_tier = 'standard' AND p.model <> '*' AND p.price_type IN ('token', 'free')
      AND (p.provider, p.model) IS DISTINCT FROM (kind.provider, kind.model)
      AND m.mode = coalesce(kind.mode, 'chat') AND (kind.tier IS NULL OR m.tier = kind.tier)
      AND m.context_tokens >= longest AND coalesce(m.max_output_tokens >= longest_answer, true)
      AND m.capabilities @> skills;
END $$;

-- Is a model free because it runs on one's own machines?
CREATE OR REPLACE FUNCTION budget.offer_is_local(price budget.price, offered budget.model) RETURNS boolean
LANGUAGE sql IMMUTABLE AS $$
    SELECT (price).price_type = 'free' AND (offered).is_local
$$;

-- Cheaper models for one model's traffic, best first, free local ones last: {provider, model, …, savings}. At most
-- `most` that are paid for and one local.
CREATE OR REPLACE FUNCTION budget.offers_for(kind budget.model, able text[], traffic budget.traffic[], now_cost numeric,
    skills text[], most integer) RETURNS json LANGUAGE plpgsql STABLE AS $$
DECLARE
    result json;
BEGIN
    SELECT json_agg(json_build_object('provider', r.provider, 'model', r.model, 'tier', r.tier,
            'estimated_cost', budget.decimal(r.cost), 'savings', budget.decimal(now_cost - r.cost),
            'savings_percent', round((1 - r.cost / now_cost) * 100, 2), 'local', r.is_local, 'verified', r.verified,
            'context_tokens', r.context_tokens, 'max_output_tokens', r.max_output_tokens,
            'missing_capabilities', to_json(r.missing)) ORDER BY r.is_local, r.cost, r.provider, r.model) INTO result
    FROM (SELECT (o.offered).provider, (o.offered).model, (o.offered).tier, c.cost, (o.price).verified,
              (o.offered).context_tokens, (o.offered).max_output_tokens, c.is_local,
              ARRAY(SELECT unnest(able) EXCEPT SELECT unnest((o.offered).capabilities) EXCEPT SELECT 'caching'
                    ORDER BY 1) AS missing,
              row_number() OVER (PARTITION BY c.is_local ORDER BY c.cost, (o.offered).provider, (o.offered).model)
                  AS place
          FROM budget.offers(kind, (SELECT max(t.longest) FROM unnest(traffic) t),
              (SELECT max(t.longest_answer) FROM unnest(traffic) t), budget.traffic_skills(traffic) || skills) AS o
          CROSS JOIN LATERAL (SELECT budget.traffic_cost(traffic, (o.price).provider, (o.price).model) AS cost,
              budget.offer_is_local(o.price, o.offered) AS is_local OFFSET 0) c
          WHERE c.cost < now_cost) r
    WHERE r.place <= CASE WHEN r.is_local THEN 1 ELSE most END;
    RETURN coalesce(result, '[]');
END $$;

-- Skills as a request names them: "vision, tools".
CREATE OR REPLACE FUNCTION budget.skills_asked(capability text) RETURNS text[] LANGUAGE sql IMMUTABLE AS $$
    SELECT array_remove(regexp_split_to_array(lower(coalesce(capability, '')), '[^a-z_]+'), '')
$$;
