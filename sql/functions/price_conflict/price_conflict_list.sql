-- GET /prices/conflicts: newest first; open ones unless a state is asked for. Filters: state (any), kind, provider, model
-- (any of its names), source (one of the candidates).
CREATE OR REPLACE FUNCTION budget.price_conflict_list(tenant uuid, context jsonb, args jsonb) RETURNS budget.reply
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, budget, pg_temp AS $$
DECLARE
    size constant integer := coalesce((args ->> 'limit')::integer, 50);
    page constant integer := coalesce((args ->> 'page')::integer, 1);
    last_id constant uuid := (budget.cursor_decode(args ->> 'cursor', 1))[1]::uuid;
    wanted constant text := coalesce(args ->> 'state', 'open');
    seller text;
    named text := lower(btrim(args ->> 'model'));
    found_rows bigint;
    rows json[];
BEGIN
    PERFORM budget.enter(tenant, context);
    seller := budget.provider_canonical(tenant, args ->> 'provider');
    IF named IS NOT NULL AND NOT EXISTS (SELECT FROM budget.price_conflict AS c WHERE c.model = named) THEN
        SELECT coalesce(r.price_model, named) INTO named FROM budget.model_resolve(tenant, seller, named) AS r;
    END IF;
    WITH matching AS MATERIALIZED (
        SELECT c AS item FROM budget.price_conflict AS c
        WHERE (wanted = 'any' OR c.state = wanted) AND (args ->> 'kind' IS NULL OR c.kind = args ->> 'kind')
          AND (seller IS NULL OR c.provider = seller) AND (named IS NULL OR c.model = named)
          AND (args ->> 'source' IS NULL OR c.candidates @> jsonb_build_array(jsonb_build_object('source',
              lower(args ->> 'source'))))),
    slice AS (
        SELECT m.item FROM matching AS m WHERE last_id IS NULL OR (m.item).conflict_id < last_id
        ORDER BY (m.item).conflict_id DESC LIMIT size + 1
        OFFSET CASE WHEN last_id IS NULL THEN (page - 1) * size::bigint ELSE 0 END)
    SELECT (SELECT count(*) FROM matching), ARRAY(SELECT budget.price_conflict_json(s.item) FROM slice AS s
        ORDER BY (s.item).conflict_id DESC) INTO found_rows, rows;
    RETURN ROW(NULL, json_build_object('items', to_json(rows[:size]), 'total', found_rows, 'page', page, 'limit', size,
        'next_cursor', CASE WHEN cardinality(rows) > size
            THEN budget.cursor_encode(rows[size] ->> 'conflict_id') END), NULL)::budget.reply;
END $$;

-- GET /prices/conflicts/{id}
CREATE OR REPLACE FUNCTION budget.price_conflict_get(tenant uuid, context jsonb, args jsonb) RETURNS budget.reply
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, budget, pg_temp AS $$
DECLARE
    item budget.price_conflict;
BEGIN
    PERFORM budget.enter(tenant, context);
    item := budget.price_conflict_find((args ->> 'id')::uuid);
    RETURN ROW(NULL, budget.price_conflict_json(item), item.version::text)::budget.reply;
END $$;

CREATE OR REPLACE FUNCTION budget.price_conflict_find(id uuid) RETURNS budget.price_conflict LANGUAGE plpgsql STABLE AS $$
DECLARE
    item budget.price_conflict;
BEGIN
    SELECT * INTO item FROM budget.price_conflict AS c WHERE c.conflict_id = id;
    IF NOT FOUND THEN
        PERFORM budget.fail(404, 'conflict_not_found', '',
            'There is no price conflict with this id: GET /prices/conflicts lists those that wait.');
    END IF;
    RETURN item;
END $$;

-- A conflict with its candidates side by side: each as a price is shown, with what it would change.
CREATE OR REPLACE FUNCTION budget.price_conflict_json(item budget.price_conflict) RETURNS json LANGUAGE plpgsql STABLE AS $$
DECLARE
    stands constant jsonb := item.current -> 'rates';
BEGIN
    RETURN json_build_object('conflict_id', item.conflict_id, 'provider', item.provider, 'model', item.model,
        'service_tier', item.service_tier, 'kind', item.kind, 'reason', item.reason, 'state', item.state,
        'currency', budget.catalogue_currency(),
        'current', CASE WHEN item.current IS NOT NULL THEN (item.current - 'rates')::jsonb
            || budget.rates_json(stands) END,
        'candidates', (SELECT json_agg((c.item - 'rates') || budget.rates_json(c.item -> 'rates')
            || jsonb_build_object('percent', budget.rates_percent(stands, c.item -> 'rates')) ORDER BY c.place)
            FROM jsonb_array_elements(item.candidates) WITH ORDINALITY AS c (item, place)),
        'opened_at', budget.utc(item.opened_at), 'updated_at', budget.utc(item.updated_at),
        'decided_at', budget.utc(item.decided_at), 'decided_by', item.decided_by, 'decision', item.decision,
        'note', item.note, 'pricing_id', item.pricing_id, 'version', item.version);
END $$;

-- Flat rates as members of a price, with what people read: per million.
CREATE OR REPLACE FUNCTION budget.rates_json(rates jsonb) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
DECLARE
    price constant budget.price := budget.price_of_flat(rates);
BEGIN
    RETURN (SELECT coalesce(jsonb_object_agg(r.key, r.value), '{}') FROM jsonb_each(rates) AS r
            WHERE r.key NOT LIKE 'above\_%')
        || jsonb_build_object('context_rates', budget.context_rates_json(price), 'per_million',
               budget.price_per_million(price));
END $$;
