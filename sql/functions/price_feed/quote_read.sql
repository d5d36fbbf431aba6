-- A quote of a parser as a candidate row: names in lower case, rates flat and in the catalogue's currency, and whose
-- price it is as far as known. problem: 'malformed' (no use at all) or 'currency_without_rate' (kept, listed, counts for
-- nothing).
CREATE OR REPLACE FUNCTION budget.quote_read(item jsonb) RETURNS budget.price_candidate LANGUAGE plpgsql STABLE AS $$
DECLARE
    base constant text := budget.catalogue_currency();
    quoted constant text := upper(coalesce(item ->> 'currency', base));
    result budget.price_candidate;
    exchange numeric;
    exchange_day date;
BEGIN
    result.seller := budget.provider_canonical(budget.catalogue_tenant(), item ->> 'provider');
    result.named := budget.quote_named(result.seller, item ->> 'model');
    result.service_tier := lower(coalesce(item ->> 'service_tier', 'standard'));
    result.effective_date := coalesce(budget.quote_date(item ->> 'effective_date'), '-infinity');
    result.end_date := budget.quote_date(item ->> 'end_date');
    result.rates := budget.rates_said(budget.rates_flat(item));
    result.price_type := budget.price_type_asked(item ->> 'price_type', result.rates);
    IF result.price_type = 'free' THEN
        result.rates := result.rates || '{"input_cost_per_token": 0, "output_cost_per_token": 0}';
    END IF;
    IF result.seller IS NULL OR result.named IS NULL OR length(result.seller) > 300 OR length(result.named) > 300
       OR result.service_tier !~ '^[a-z][a-z0-9_-]{0,40}$' OR result.price_type IS NULL
       OR result.end_date <= result.effective_date THEN
        result.problem := 'malformed';
        RETURN result;
    END IF;
    IF quoted <> base THEN
        SELECT r.rate, r.day INTO exchange, exchange_day
            FROM budget.fx_rate_at(quoted, base, (now() AT TIME ZONE 'UTC')::date) AS r;
        result.fx := jsonb_build_object('currency', quoted, 'rate', exchange, 'day', exchange_day,
            'quoted', result.rates);
        IF exchange IS NULL THEN
            result.problem := 'currency_without_rate';
        ELSE
            result.rates := (SELECT jsonb_object_agg(r.key, trim_scale(r.value::numeric * exchange))
                             FROM jsonb_each_text(result.rates) AS r);
        END IF;
    END IF;
    result.about := jsonb_strip_nulls(jsonb_build_object('mode', item -> 'mode', 'display_name', item -> 'display_name',
        'context_tokens', item -> 'context_tokens', 'max_output_tokens', item -> 'max_output_tokens',
        'capabilities', item -> 'capabilities', 'is_local', item -> 'is_local', 'source_url', item -> 'source_url',
        'note', item -> 'note', 'maker', item -> 'maker', 'if_known', nullif(item -> 'if_known', 'false')));
    SELECT h.home_provider, h.home_model, h.rank INTO result.home_provider, result.home_model, result.rank
        FROM budget.quote_home(result.seller, result.named, item -> 'maker') AS h;
    RETURN result;
END $$;

-- Rates without those classes whose 0 says nothing: beside a paid input or output it means "not known" in most feeds, and
-- a class without a rate costs what input or output costs.
CREATE OR REPLACE FUNCTION budget.rates_said(rates jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(jsonb_object_agg(r.key, r.value), '{}') FROM jsonb_each(rates) AS r
    WHERE r.value::text::numeric > 0 OR r.key IN ('input_cost_per_token', 'output_cost_per_token')
       OR NOT coalesce((rates ->> 'input_cost_per_token')::numeric > 0
                       OR (rates ->> 'output_cost_per_token')::numeric > 0, false)
$$;

-- A date or time of a quote; NULL when it is none.
CREATE OR REPLACE FUNCTION budget.quote_date(value text) RETURNS timestamptz LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN CASE WHEN value ~ '^\d{4}-\d\d-\d\d$' THEN value::timestamp AT TIME ZONE 'UTC'
                WHEN value ~* '^\d{4}-\d\d-\d\dt.*(z|[+-]\d\d:?\d\d)$' THEN value::timestamptz END;
EXCEPTION WHEN data_exception THEN
    RETURN NULL;
END $$;

-- The type a quote says, where it has a rate of that type; else the one its rates have; NULL without any rate.
CREATE OR REPLACE FUNCTION budget.price_type_asked(asked text, rates jsonb) RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF rates = '{}' THEN
        RETURN CASE WHEN asked = 'free' THEN 'free' END;
    END IF;
    RETURN CASE WHEN asked = 'character' AND rates ?| '{input_cost_per_char,output_cost_per_char}'
                  OR asked = 'image' AND rates ? 'cost_per_image' OR asked = 'time' AND rates ? 'cost_per_second'
                  OR asked = 'fixed' AND rates ? 'fixed_cost_per_request' THEN asked
                ELSE budget.price_type_of(budget.price_of_flat(rates)) END;
END $$;

-- A model as its source names it, without the paths of hosts and without the seller's own name in front; of a reseller
-- without the maker's name too, so that sources that leave it out mean the same model (a name already priced stays).
CREATE OR REPLACE FUNCTION budget.quote_named(seller text, model text) RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE
    name text := nullif(regexp_replace(lower(btrim(model)), '^models/', ''), '');
    head constant text := (regexp_match(name, '^([^/]+)/.'))[1];
BEGIN
    IF head = seller OR EXISTS (SELECT FROM budget.provider_name AS n WHERE n.tenant_id = budget.catalogue_tenant()
           AND n.name = head AND (n.provider = seller OR EXISTS (SELECT FROM budget.provider_name AS s
               WHERE s.tenant_id = n.tenant_id AND s.name = seller AND s.kind = 'reseller')))
       AND NOT EXISTS (SELECT FROM budget.price AS p WHERE p.tenant_id = budget.catalogue_tenant()
           AND p.provider = seller AND p.model = name) THEN
        name := substr(name, length(head) + 2);
    END IF;
    RETURN name;
END $$;

-- Whose price a name means: the model it resolves to, and how surely. The maker a quote names is asked last.
CREATE OR REPLACE FUNCTION budget.quote_home(seller text, named text, maker jsonb, OUT home_provider text,
    OUT home_model text, OUT rank smallint) LANGUAGE plpgsql STABLE AS $$
DECLARE
    catalogue constant uuid := budget.catalogue_tenant();
BEGIN
    IF EXISTS (SELECT FROM budget.price AS p WHERE p.tenant_id = catalogue AND p.provider = seller AND p.model = named) THEN
        home_provider := seller;
        home_model := named;
        rank := 0;
        RETURN;
    END IF;
    SELECT r.price_provider, r.price_model INTO home_provider, home_model
        FROM budget.model_resolve(catalogue, seller, named) AS r;
    rank := CASE
        WHEN EXISTS (SELECT FROM budget.model_alias AS a WHERE a.tenant_id = catalogue AND a.provider = seller
                     AND a.alias = named) THEN 1
        WHEN home_provider = seller THEN 2
        WHEN home_provider IS NOT NULL THEN 3 ELSE 0 END;
    IF home_model IS NULL AND jsonb_typeof(maker) = 'object' THEN
        home_provider := budget.provider_canonical(catalogue, maker ->> 'provider');
        home_model := budget.quote_named(home_provider, maker ->> 'model');
        rank := 3;
        SELECT coalesce(r.price_provider, home_provider), coalesce(r.price_model, home_model)
            INTO home_provider, home_model
            FROM budget.model_resolve(catalogue, home_provider, home_model) AS r;
        IF (home_provider, home_model) = (seller, named) THEN
            home_provider := NULL;
            home_model := NULL;
            rank := 0;
        END IF;
    END IF;
END $$;
