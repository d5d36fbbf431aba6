-- From the name a client sends to the row that prices it.

-- The canonical name of a provider, or what was sent in lower case when nobody knows it.
CREATE OR REPLACE FUNCTION budget.provider_canonical(tenant uuid, provider text)
RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT coalesce((SELECT n.provider FROM budget.provider_name AS n
                     WHERE n.tenant_id IN (provider_canonical.tenant, budget.catalogue_tenant())
                       AND n.name = lower(btrim(provider_canonical.provider))
                     ORDER BY n.tenant_id = provider_canonical.tenant DESC LIMIT 1),
                    nullif(lower(btrim(provider_canonical.provider)), ''))
$$;

-- The name without what says when or in which edition: -20240229, @20240229, -2024-08-06, -0613, -05-06, -001, -latest,
-- -preview, -exp, :latest, -v1:0. NULL when there is nothing to remove.
CREATE OR REPLACE FUNCTION budget.model_undated(model text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT nullif(regexp_replace(model, '(?:[-@:](?:latest|default|preview|exp|experimental'
        '|[0-9]{8}|[0-9]{6}|[0-9]{4}-[0-9]{2}-[0-9]{2}'
        '|[0-9]{2}-[0-9]{4}|[0-9]{4}|[0-9]{2}-[0-9]{2}|00[0-9])|-v[0-9]+(?::[0-9]+)?)$', ''), model)
$$;

-- One probe: does (provider, model) have a price, itself or by alias? The tenant's own rows first.
CREATE OR REPLACE FUNCTION budget.model_probe(tenant uuid, provider text, model text, OUT price_provider text,
    OUT price_model text)
LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
DECLARE
    owner uuid;
BEGIN
    FOREACH owner IN ARRAY ARRAY[tenant, budget.catalogue_tenant()] LOOP
        SELECT p.provider, p.model INTO price_provider, price_model FROM budget.price AS p
        WHERE p.tenant_id = owner AND p.provider = model_probe.provider AND p.model = model_probe.model LIMIT 1;
        EXIT WHEN FOUND;
        SELECT a.price_provider, a.model INTO price_provider, price_model FROM budget.model_alias AS a
        WHERE a.tenant_id = owner AND a.provider = model_probe.provider AND a.alias = model_probe.model;
        EXIT WHEN FOUND;
    END LOOP;
END $$;

-- The same by model alone. Whoever did not say the provider gets the dearest candidate, so that leaving it out is no
-- escape; among equals the one that makes the model goes before those that host it. only_makers: what a reseller resells.
CREATE OR REPLACE FUNCTION budget.model_probe_any(tenant uuid, model text, only_makers boolean,
    OUT price_provider text, OUT price_model text)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT c.provider, c.model
    FROM (SELECT p.provider, p.model FROM budget.price AS p
          WHERE p.tenant_id IN (model_probe_any.tenant, budget.catalogue_tenant()) AND p.model = model_probe_any.model
          UNION
          SELECT a.price_provider, a.model FROM budget.model_alias AS a
          WHERE a.tenant_id IN (model_probe_any.tenant, budget.catalogue_tenant())
            AND a.alias = model_probe_any.model) AS c
    LEFT JOIN LATERAL budget.price_at(model_probe_any.tenant, c.provider, c.model, 'standard', now()) AS p ON true
    LEFT JOIN budget.provider_name AS n ON n.tenant_id = budget.catalogue_tenant() AND n.name = c.provider
    WHERE n.kind = 'maker' OR NOT only_makers
    ORDER BY p.output_cost_per_token DESC NULLS LAST, p.input_cost_per_token DESC NULLS LAST,
             coalesce(n.kind, 'host') = 'maker' DESC, c.provider LIMIT 1
$$;

-- Which price row family answers for a model: exact name, then alias, then the same without date and edition; with and
-- without the paths and prefixes of hosts (models/…, openai/…, us.anthropic.…). Of a reseller the maker's own price is
-- the last resort, of a local provider the free '*'. NULL, NULL = unpriced. Single index probes; the answer changes
-- only with price_epoch, so callers may keep it.
CREATE OR REPLACE FUNCTION budget.model_resolve(tenant uuid, provider text, model text, OUT price_provider text,
    OUT price_model text)
LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
DECLARE
    seller text := budget.provider_canonical(tenant, provider);
    name text := lower(btrim(model));
    bare text;
    maker text;
    kind text;
    tried text;
BEGIN
    IF name IS NULL OR name = '' THEN
        RETURN;
    END IF;
    bare := regexp_replace(name, '^(?:(?:projects|locations|publishers|accounts)/[^/]+/)*models/'
        '|^(?:us-gov|us|eu|apac|ap|jp|au|ca|global)\.', '');
    -- As its seller names it.
    FOREACH tried IN ARRAY ARRAY[name, bare] LOOP
        SELECT * INTO price_provider, price_model FROM budget.model_probe_dated(tenant, seller, tried, false);
        IF price_model IS NOT NULL THEN
            RETURN;
        END IF;
    END LOOP;
    -- With the maker in front: openai/gpt-4o, anthropic.claude-…
    maker := (regexp_match(bare, '^([^/.]+)[/.].'))[1];
    SELECT n.provider INTO maker FROM budget.provider_name AS n
    WHERE n.tenant_id IN (tenant, budget.catalogue_tenant()) AND n.name = maker LIMIT 1;
    IF maker IS NOT NULL THEN
        bare := substr(bare, length((regexp_match(bare, '^([^/.]+)[/.]'))[1]) + 2);
        IF seller IS NOT NULL THEN
            SELECT * INTO price_provider, price_model FROM budget.model_probe_dated(tenant, seller, bare, false);
            IF price_model IS NOT NULL THEN
                RETURN;
            END IF;
        END IF;
    END IF;
    SELECT n.kind INTO kind FROM budget.provider_name AS n
    WHERE n.tenant_id IN (tenant, budget.catalogue_tenant()) AND n.name = seller ORDER BY n.tenant_id = tenant DESC
        LIMIT 1;
    IF kind = 'local' THEN
        SELECT * INTO price_provider, price_model FROM budget.model_probe(tenant, seller, '*');
    ELSIF seller IS NULL OR kind = 'reseller' OR maker = seller THEN
        SELECT * INTO price_provider, price_model FROM budget.model_probe_dated(tenant, maker, bare, true);
    END IF;
END $$;

-- model_probe() with the name as it is, then with up to three endings removed, one at a time: the longest name wins.
CREATE OR REPLACE FUNCTION budget.model_probe_dated(tenant uuid, provider text, model text, only_makers boolean,
    OUT price_provider text, OUT price_model text)
LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
DECLARE
    name text := model;
BEGIN
    FOR attempt IN 0..3 LOOP
        IF provider IS NULL THEN
            SELECT * INTO price_provider, price_model FROM budget.model_probe_any(tenant, name, only_makers);
        ELSE
            SELECT * INTO price_provider, price_model FROM budget.model_probe(tenant, provider, name);
        END IF;
        EXIT WHEN price_model IS NOT NULL;
        name := budget.model_undated(name);
        EXIT WHEN name IS NULL;
    END LOOP;
END $$;
