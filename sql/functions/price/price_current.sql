-- What is in force at an instant, one row per (provider, model, service tier): the tenant's own price hides the
-- catalogue's. provider, model: canonical, NULL = all.
CREATE OR REPLACE FUNCTION budget.prices_at(at timestamptz, provider text DEFAULT NULL, model text DEFAULT NULL)
RETURNS SETOF budget.price
LANGUAGE sql STABLE ROWS 500 AS $$
    SELECT DISTINCT ON (p.provider, p.model, p.service_tier) p.* FROM budget.price AS p
    WHERE p.tenant_id IN (budget.tenant(), budget.catalogue_tenant())
      AND (prices_at.provider IS NULL OR p.provider = prices_at.provider)
      AND (prices_at.model IS NULL OR p.model = prices_at.model)
      AND p.effective_date <= prices_at.at AND coalesce(p.end_date, 'infinity') > prices_at.at
    ORDER BY p.provider, p.model, p.service_tier, p.tenant_id = budget.tenant() DESC
$$;

-- Canonical names of a model a request names, or 404 with the names that come nearest.
CREATE OR REPLACE FUNCTION budget.model_named(provider text, model text, OUT price_provider text, OUT price_model text)
LANGUAGE plpgsql STABLE AS $$
DECLARE
    near text[];
BEGIN
    SELECT * INTO price_provider, price_model FROM budget.model_resolve(budget.tenant(), provider, model);
    IF price_model IS NULL THEN
        near := budget.models_near(provider, model);
        PERFORM budget.fail(404, 'price_not_found', '/model',
                format('No price is known for %s%s%s', CASE WHEN provider IS NULL THEN '' ELSE provider || ' ' END,
                model, CASE WHEN cardinality(near) > 0
                THEN format(': did you mean %s? ', array_to_string(near[:3], ', ')) ELSE '. ' END)
                || 'POST /prices sets one; until then its usage counts at the configured ceiling.',
            jsonb_build_object('nearest', to_jsonb(near)));
    END IF;
END $$;

-- Up to five priced models whose names share most with the one asked for, as "provider/model".
CREATE OR REPLACE FUNCTION budget.models_near(provider text, model text) RETURNS text[] LANGUAGE sql STABLE AS $$
    WITH asked AS (
        SELECT lower(btrim(models_near.model)) AS name,
               budget.provider_canonical(budget.tenant(), models_near.provider) AS provider,
               regexp_split_to_array(lower(btrim(models_near.model)), '[^a-z0-9]+') AS words),
    scored AS (
        SELECT p.provider, p.model,
               (SELECT count(*) FROM unnest(regexp_split_to_array(p.model, '[^a-z0-9]+')) AS w WHERE w <> ''
               AND w = ANY (a.words)) * 4
             - cardinality(regexp_split_to_array(p.model, '[^a-z0-9]+'))
             + (SELECT coalesce(max(n), 0) FROM generate_series(1, least(length(p.model), length(a.name))) AS n
                WHERE left(p.model, n) = left(a.name, n))
             + CASE WHEN p.provider = a.provider THEN 2 ELSE 0 END AS score
        FROM asked AS a, (SELECT DISTINCT p.provider, p.model FROM budget.price AS p
                          WHERE p.tenant_id IN (budget.tenant(), budget.catalogue_tenant()) AND p.model <> '*') AS p)
    SELECT coalesce(array_agg(s.provider || '/' || s.model ORDER BY s.score DESC, s.provider, s.model), '{}')
    FROM (SELECT * FROM scored WHERE score > 3 ORDER BY score DESC, provider, model LIMIT 5) AS s
$$;

-- POST /prices/current: the price of a model as of now (or `at`), with its other service tiers beside it.
CREATE OR REPLACE FUNCTION budget.price_current(tenant uuid, context jsonb, args jsonb) RETURNS budget.reply
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, budget, pg_temp AS $$
DECLARE
    named record;
    price budget.price;
    at timestamptz;
BEGIN
    PERFORM budget.enter(tenant, context);
    at := coalesce(budget.range_bound(args ->> 'at', budget.tenant_zone(), false), clock_timestamp());
    named := budget.model_named(args ->> 'provider', args ->> 'model');
    price := budget.price_in_force(named.price_provider, named.price_model, args ->> 'service_tier', at);
    RETURN ROW(NULL, budget.price_with_tiers(price, args ->> 'model', at), NULL)::budget.reply;
END $$;

-- price_at() that says 404 when the model is known but nothing is in force then.
CREATE OR REPLACE FUNCTION budget.price_in_force(provider text, model text, service_tier text, at timestamptz)
RETURNS budget.price
LANGUAGE plpgsql STABLE AS $$
DECLARE
    price budget.price;
BEGIN
    SELECT * INTO price FROM budget.price_at(budget.tenant(), provider, model, service_tier, at);
    IF price.pricing_id IS NULL THEN
        PERFORM budget.fail(404, 'price_not_found', '/at',
            format('%s %s has no price in force at %s: GET /prices/history/%s/%s shows when it had.', provider, model,
            budget.utc(at), provider, model));
    END IF;
    RETURN price;
END $$;

CREATE OR REPLACE FUNCTION budget.price_with_tiers(price budget.price, asked_model text, at timestamptz)
RETURNS json LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN budget.json_join(budget.price_json(price), json_build_object('requested_model', asked_model,
        'service_tiers', budget.service_tiers_json(price.provider, price.model, at)));
END $$;

-- Every service tier of a model in force, standard first: what a request in that tier pays.
CREATE OR REPLACE FUNCTION budget.service_tiers_json(provider text, model text, at timestamptz)
RETURNS json LANGUAGE sql STABLE AS $$
    SELECT coalesce(json_agg(json_build_object('service_tier', p.service_tier, 'pricing_id', p.pricing_id,
        'per_million', budget.price_per_million(p), 'context_rates', budget.context_rates_json(p))
        ORDER BY p.service_tier <> 'standard', p.service_tier), '[]')
    FROM budget.prices_at(at, provider, model) AS p
$$;

-- Two objects made by json_build_object() as one, members in order (jsonb would sort them).
CREATE OR REPLACE FUNCTION budget.json_join(one json, other json) RETURNS json LANGUAGE sql IMMUTABLE AS $$
    SELECT (left(one::text, -1) || ', ' || substr(other::text, 2))::json
$$;

-- The zone dates without one are read in: that of the tenant's root budget.
CREATE OR REPLACE FUNCTION budget.tenant_zone() RETURNS text LANGUAGE sql STABLE AS $$
    SELECT coalesce((SELECT b.time_zone FROM budget.tenant AS t JOIN budget.budget AS b ON b.tenant_id = t.tenant_id
        AND b.budget_id = t.default_budget_id
                     WHERE t.tenant_id = budget.tenant()), 'UTC')
$$;
