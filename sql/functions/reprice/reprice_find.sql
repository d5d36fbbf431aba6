-- The next stretch of records of a run and what they would cost now; only those that differ come back.
--   price own_time (default): the price in force when the record happened, as the history of prices says today;
--   price current: the price in force now.
-- A record that had no price takes the first one that came later, too: it was counted at a ceiling, never priced.
-- Where no price is known now, a record stays as it is.
CREATE OR REPLACE FUNCTION budget.reprice_find(run budget.price_run, batch integer) RETURNS budget.reprice_stretch
LANGUAGE plpgsql STABLE AS $$
DECLARE
    scan_max constant integer := 10000; -- rows of the index a step looks at, whether they match or not
    named record;
    found record;
    result budget.reprice_stretch;
BEGIN
    SELECT coalesce(array_agg(w.shape_id), '{}') AS shapes, coalesce(array_agg(w.price_provider), '{}') AS providers,
        coalesce(array_agg(w.price_model), '{}') AS models INTO named FROM budget.reprice_shapes(run.filters) w;
    -- The planner must know the limits: as parameters they would stand for a tenth of the table, and a sort of it.
    EXECUTE format($query$
        WITH scanned AS MATERIALIZED (
            SELECT u.charged_at, u.record_id, u.shape_id FROM budget.usage_record u
            WHERE u.tenant_id = $1 AND (u.charged_at, u.record_id) > ($2, $3) AND u.charged_at < $4
              AND u.record_id >= budget.ids_from($5) %s
            ORDER BY u.charged_at, u.record_id LIMIT %s),
        matched AS MATERIALIZED (
            SELECT s.charged_at, s.record_id FROM scanned s WHERE s.shape_id = ANY ($6)
            ORDER BY s.charged_at, s.record_id LIMIT %s)
        SELECT (SELECT count(*) FROM scanned) AS scanned, count(*) AS matched,
            array_agg(m.record_id ORDER BY m.charged_at, m.record_id) AS ids, max(m.charged_at) AS last_at,
            (SELECT max(s.charged_at) FROM scanned s) AS seen_at,
            (SELECT s.record_id FROM scanned s ORDER BY s.charged_at DESC, s.record_id DESC LIMIT 1) AS seen_id
        FROM matched m $query$,
        CASE WHEN (run.filters ->> 'unpriced')::boolean THEN 'AND u.cost IS NULL' ELSE '' END, scan_max, batch)
    INTO found USING run.tenant_id, run.after_at, run.after_id, run.ends, run.starts, named.shapes;
    IF found.matched = batch THEN
        result.after_at := found.last_at;
        result.after_id := found.ids[batch];
        result.is_last := false;
    ELSE
        result.after_at := found.seen_at;
        result.after_id := found.seen_id;
        result.is_last := found.scanned < scan_max;
    END IF;
    SELECT r.items, r.examined, r.unpriced, r.unpriced_from INTO result.items, result.examined, result.unpriced,
        result.unpriced_from
    FROM budget.reprice_compare(run, found.ids, named.shapes, named.providers, named.models) r;
    RETURN result;
END $$;

-- These records as they cost now beside what they should cost.
CREATE OR REPLACE FUNCTION budget.reprice_compare(run budget.price_run, ids uuid[], shapes integer[], providers text[],
    models text[], OUT items budget.reprice_item[], OUT examined bigint, OUT unpriced bigint,
    OUT unpriced_from timestamptz)
LANGUAGE plpgsql STABLE AS $$
DECLARE
    at_now constant timestamptz := CASE WHEN run.filters ->> 'price' = 'current' THEN run.created_at END;
BEGIN
    SELECT array_agg(ROW(u.record_id, u.charged_at, u.shape_id, u.context_id, u.task_id, u.revisions, e.was_priced,
               e.cost, (n.price).pricing_id, c.cost - e.cost, -e.ceiling)::budget.reprice_item ORDER BY u.record_id)
               FILTER (WHERE c.cost IS NOT NULL AND (c.cost <> e.cost OR NOT e.was_priced)),
           count(*), count(*) FILTER (WHERE NOT e.was_priced AND c.cost IS NULL),
           min(u.charged_at) FILTER (WHERE NOT e.was_priced AND c.cost IS NULL)
      INTO items, examined, unpriced, unpriced_from
      FROM budget.usage_record u
      JOIN unnest(shapes, providers, models) AS w (shape_id, provider, model) ON w.shape_id = u.shape_id
     CROSS JOIN LATERAL budget.reprice_effective(u) e
     CROSS JOIN LATERAL (SELECT CASE WHEN w.model IS NOT NULL THEN budget.reprice_price(run.tenant_id, w.provider,
               w.model, e.service_tier, coalesce(at_now, u.occurred_at), NOT e.was_priced) END AS price OFFSET 0) n
      LEFT JOIN LATERAL budget.usage_cost(n.price, ROW(u.input_tokens, u.cache_read_tokens, u.cache_write_5m_tokens,
               u.cache_write_1h_tokens, u.output_tokens, u.reasoning_tokens, u.input_audio_tokens,
               u.output_audio_tokens, u.input_image_tokens, u.output_image_tokens, u.requests, u.characters, u.images,
               u.seconds, u.output_characters, u.web_searches)::budget.token_usage) c
            ON (n.price).pricing_id IS NOT NULL
     WHERE u.tenant_id = run.tenant_id AND u.record_id = ANY (ids)
       AND NOT (u.cost IS NOT NULL AND u.pricing_id IS NULL) -- imported with a cost of its own
       AND NOT (coalesce((run.filters ->> 'unpriced')::boolean, false) AND e.was_priced);
END $$;

-- What a record costs as of now: as booked plus corrections, its price, and the service tier it was asked for.
CREATE OR REPLACE FUNCTION budget.reprice_effective(u budget.usage_record, OUT was_priced boolean, OUT cost numeric,
    OUT ceiling numeric, OUT pricing_id uuid, OUT service_tier text) LANGUAGE plpgsql STABLE AS $$
DECLARE
    later record;
BEGIN
    SELECT sum(c.delta_cost) AS cost, sum(c.delta_ceiling) AS ceiling,
        (array_agg(c.pricing_id ORDER BY c.created_at DESC, c.run_id DESC))[1] AS pricing_id INTO later
    FROM budget.correction c WHERE c.tenant_id = u.tenant_id AND c.record_id = u.record_id;
    cost := coalesce(u.cost, 0) + coalesce(later.cost, 0);
    ceiling := coalesce(u.ceiling_cost, 0) + coalesce(later.ceiling, 0);
    pricing_id := coalesce(later.pricing_id, u.pricing_id);
    was_priced := u.cost IS NOT NULL OR later.pricing_id IS NOT NULL;
    service_tier := coalesce(u.service_tier, (SELECT p.service_tier FROM budget.price p
        WHERE p.tenant_id IN (u.tenant_id, budget.catalogue_tenant()) AND p.pricing_id = u.pricing_id), 'standard');
END $$;

-- The price at an instant; or_later: where there was none yet, the first that came.
CREATE OR REPLACE FUNCTION budget.reprice_price(tenant uuid, provider text, model text, service_tier text,
    at timestamptz, or_later boolean) RETURNS budget.price LANGUAGE plpgsql STABLE AS $$
DECLARE
    price budget.price;
BEGIN
    SELECT * INTO price FROM budget.price_at(tenant, provider, model, service_tier, at);
    IF price.pricing_id IS NULL AND or_later THEN
        SELECT p.* INTO price FROM budget.price p
        WHERE p.tenant_id IN (tenant, budget.catalogue_tenant()) AND p.provider = reprice_price.provider
          AND p.model = reprice_price.model AND p.service_tier IN (reprice_price.service_tier, 'standard')
          AND p.effective_date > at AND p.effective_date <= clock_timestamp()
        ORDER BY p.tenant_id = tenant DESC, p.service_tier = reprice_price.service_tier DESC, p.effective_date LIMIT 1;
    END IF;
    RETURN price;
END $$;

-- Shapes the filters of a run name, with the model that prices each under today's aliases (NULL: none). A model matches
-- by the name the records have and by the canonical one.
CREATE OR REPLACE FUNCTION budget.reprice_shapes(args jsonb)
RETURNS TABLE (shape_id integer, price_provider text, price_model text) LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
DECLARE
    tenant constant uuid := budget.tenant();
    seen constant uuid[] := budget.budgets_in_sight((args ->> 'budget_id')::uuid);
    seller constant text := budget.provider_canonical(tenant, args ->> 'provider');
    asked record;
BEGIN
    SELECT r.price_provider AS provider, r.price_model AS model INTO asked
    FROM budget.model_resolve(tenant, args ->> 'provider', args ->> 'model') r;
    RETURN QUERY
    WITH named AS MATERIALIZED (
        SELECT DISTINCT s.provider, s.model FROM budget.shape s WHERE s.tenant_id = tenant AND s.model IS NOT NULL),
    priced AS MATERIALIZED (
        SELECT n.provider, n.model, r.price_provider, r.price_model FROM named n
        CROSS JOIN LATERAL budget.model_resolve(tenant, n.provider, n.model) r
        WHERE (args ->> 'provider' IS NULL OR lower(n.provider) = lower(args ->> 'provider')
               OR budget.provider_canonical(tenant, n.provider) = seller OR r.price_provider = seller)
          AND (args ->> 'model' IS NULL OR lower(n.model) = lower(args ->> 'model')
               OR r.price_model = asked.model AND (args ->> 'provider' IS NULL OR r.price_provider = asked.provider)))
    SELECT s.shape_id, p.price_provider, p.price_model FROM budget.shape s
    JOIN priced p ON p.provider IS NOT DISTINCT FROM s.provider AND p.model = s.model
    WHERE s.tenant_id = tenant AND s.budget_id = ANY (seen)
      AND (args ->> 'component' IS NULL OR lower(s.component) = lower(args ->> 'component'));
END $$;
