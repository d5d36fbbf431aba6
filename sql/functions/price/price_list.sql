-- GET /prices: prices in force, one line per provider, model and service tier, in that order (standard first).
-- Filters: provider (any of its names), model (any of its names), service_tier, price_type, source, verified, scope.
CREATE OR REPLACE FUNCTION budget.price_list(tenant uuid, context jsonb, args jsonb) RETURNS budget.reply
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, budget, pg_temp AS $$
DECLARE
    per_page constant integer := coalesce((args ->> 'limit')::integer, 50);
    page constant integer := coalesce((args ->> 'page')::integer, 1);
    seller text;
    named text;
    after text[];
    rows json[];
    total bigint;
    last text;
BEGIN
    PERFORM budget.enter(tenant, context);
    after := budget.cursor_decode(args ->> 'cursor', 1);
    seller := budget.provider_canonical(tenant, args ->> 'provider');
    IF args ->> 'model' IS NOT NULL THEN            -- as it stands, else what it resolves to
        named := lower(btrim(args ->> 'model'));
        IF NOT EXISTS (SELECT FROM budget.price AS p WHERE p.tenant_id IN (tenant, budget.catalogue_tenant())
            AND p.model = named
                       AND (seller IS NULL OR p.provider = seller)) THEN
            SELECT coalesce(r.price_model, named), coalesce(r.price_provider, seller) INTO named, seller
            FROM budget.model_resolve(tenant, seller, named) AS r;
        END IF;
    END IF;
    WITH matching AS MATERIALIZED (
        SELECT p AS price, budget.price_place(p.provider, p.model, p.service_tier) AS place
        FROM budget.prices_at(clock_timestamp(), seller, named) AS p
        WHERE (args ->> 'service_tier' IS NULL OR p.service_tier = args ->> 'service_tier')
          AND (args ->> 'price_type' IS NULL OR p.price_type = args ->> 'price_type')
          AND (args ->> 'source' IS NULL OR p.source = args ->> 'source')
          AND (args ->> 'verified' IS NULL OR p.verified = (args ->> 'verified')::boolean)
          AND (args ->> 'scope' IS NULL
               OR (args ->> 'scope' = 'catalogue') = (p.tenant_id = budget.catalogue_tenant()))),
    slice AS (
        SELECT m.price, m.place FROM matching AS m WHERE after IS NULL OR m.place > after[1]
        ORDER BY m.place LIMIT per_page + 1 OFFSET CASE WHEN after IS NULL THEN (page - 1)::bigint * per_page
            ELSE 0 END)
    SELECT (SELECT count(*) FROM matching), array_agg(budget.price_json(s.price) ORDER BY s.place),
        (array_agg(s.place ORDER BY s.place))[per_page]
    INTO total, rows, last FROM slice AS s;
    RETURN ROW(NULL, json_build_object('items', coalesce(to_json(rows[:per_page]), '[]'), 'total', total, 'page', page,
        'limit', per_page, 'next_cursor', CASE WHEN cardinality(rows) > per_page THEN budget.cursor_encode(last) END),
        NULL)::budget.reply;
END $$;

-- Where a price stands in the list: provider, model, service tier with standard first.
CREATE OR REPLACE FUNCTION budget.price_place(provider text, model text, service_tier text)
RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT (provider || E'\x01' || model || E'\x01' || CASE WHEN service_tier = 'standard' THEN ''
        ELSE service_tier END) COLLATE "C"
$$;

-- GET /prices/{id}: one price, in force or not; usage records name theirs by pricing_id.
CREATE OR REPLACE FUNCTION budget.price_get(tenant uuid, context jsonb, args jsonb) RETURNS budget.reply
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, budget, pg_temp AS $$
DECLARE
    price budget.price;
BEGIN
    PERFORM budget.enter(tenant, context);
    SELECT * INTO price FROM budget.price AS p
    WHERE p.tenant_id IN (budget.tenant(), budget.catalogue_tenant()) AND p.pricing_id = (args ->> 'id')::uuid;
    IF NOT FOUND THEN
        PERFORM budget.fail(404, 'price_not_found', '',
            'There is no price with this id: GET /prices lists those in force.');
    END IF;
    RETURN ROW(NULL, budget.price_json(price), price.version::text)::budget.reply;
END $$;

-- GET /prices/history/{provider}/{model}: every price the model had, newest first, each with what it changed.
CREATE OR REPLACE FUNCTION budget.price_history(tenant uuid, context jsonb, args jsonb) RETURNS budget.reply
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, budget, pg_temp AS $$
DECLARE
    per_page constant integer := coalesce((args ->> 'limit')::integer, 50);
    page constant integer := coalesce((args ->> 'page')::integer, 1);
    named record;
    after text[];
    rows json[];
    total bigint;
    last text;
BEGIN
    PERFORM budget.enter(tenant, context);
    after := budget.cursor_decode(args ->> 'cursor', 1);
    named := budget.model_named(args ->> 'provider', args ->> 'model');
    WITH matching AS MATERIALIZED (
        SELECT p AS price, budget.utc(p.effective_date) || ' ' || p.pricing_id AS place,
               lag(p) OVER (PARTITION BY p.tenant_id, p.service_tier ORDER BY p.effective_date) AS former
        FROM budget.price AS p
        WHERE p.tenant_id IN (budget.tenant(), budget.catalogue_tenant()) AND p.provider = named.price_provider
            AND p.model = named.price_model),
    slice AS (
        SELECT * FROM matching AS m
        WHERE (args ->> 'service_tier' IS NULL OR (m.price).service_tier = args ->> 'service_tier')
            AND (after IS NULL OR m.place < after[1])
        ORDER BY m.place DESC LIMIT per_page + 1 OFFSET CASE WHEN after IS NULL THEN (page - 1)::bigint * per_page
            ELSE 0 END)
    SELECT (SELECT count(*) FROM matching AS m WHERE args ->> 'service_tier' IS NULL
        OR (m.price).service_tier = args ->> 'service_tier'),
           array_agg(budget.json_join(budget.price_json(s.price),
               json_build_object('changes', budget.price_changes(s.former, s.price))) ORDER BY s.place DESC),
           (array_agg(s.place ORDER BY s.place DESC))[per_page]
    INTO total, rows, last FROM slice AS s;
    RETURN ROW(NULL, json_build_object('provider', named.price_provider, 'model', named.price_model, 'items',
        coalesce(to_json(rows[:per_page]), '[]'), 'total', total, 'page', page, 'limit', per_page,
        'next_cursor', CASE WHEN cardinality(rows) > per_page THEN budget.cursor_encode(last) END), NULL)::budget.reply;
END $$;

-- {"input_cost_per_token": {"old", "new", "change_percent"}, …}: what differs between two prices; {} when nothing, or
-- no former.
CREATE OR REPLACE FUNCTION budget.price_changes(former budget.price, price budget.price)
RETURNS json LANGUAGE sql STABLE AS $$
    SELECT coalesce(json_object_agg(coalesce(o.key, n.key), json_build_object('old', o.value, 'new', n.value,
               'change_percent', CASE WHEN jsonb_typeof(o.value) = 'number' AND jsonb_typeof(n.value) = 'number'
                   AND o.value::text::numeric <> 0
                   THEN round((n.value::text::numeric / o.value::text::numeric - 1) * 100, 2) END)
               ORDER BY coalesce(o.key, n.key))
               FILTER (WHERE (former).pricing_id IS NOT NULL), '{}')
    FROM jsonb_each(coalesce(budget.price_rates(former), '{}')) AS o
    FULL JOIN jsonb_each(budget.price_rates(price)) AS n ON n.key = o.key WHERE o.value IS DISTINCT FROM n.value
$$;
