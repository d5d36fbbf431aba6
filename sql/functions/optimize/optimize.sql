-- P,G /optimize {days, budget_id, provider, model, component, tier, capability, limit}: what would have cost less, by
-- the tenant's own traffic of the last days (30), largest saving first:
--   model  another model of the same (or the asked) tier that can do the same work and what capability asks for; what
--          the present one can besides is in missing_capabilities; free local ones are marked
--   cache  input that might have been read from the provider's cache: at most that, and half of the input
--   batch  work that can wait, at the provider's batch price
-- Costs compare today's prices; recorded_cost is what the records say. savings of two items about one model do not add
-- up.
CREATE OR REPLACE FUNCTION budget.optimize(tenant uuid, context jsonb, args jsonb) RETURNS budget.reply
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, budget, pg_temp AS $$
DECLARE
    days constant integer := coalesce((args ->> 'days')::integer, 30);
    seen record;
    items json;
BEGIN
    PERFORM budget.enter(tenant, context);
    SELECT * INTO seen FROM budget.traffic(args || jsonb_strip_nulls(jsonb_build_object('budget_id',
        coalesce(args ->> 'budget_id', context ->> 'key_budget_id'))), days);
    items := budget.optimize_items(seen.traffic, args ->> 'tier', budget.skills_asked(args ->> 'capability'));
    RETURN ROW(NULL, json_build_object('days', days, 'start_time', budget.utc(seen.starts),
        'end_time', budget.utc(seen.ends), 'records', seen.records, 'is_complete', seen.is_complete,
        'currency', (SELECT t.currency FROM budget.tenant t WHERE t.tenant_id = budget.tenant()),
        'reason', CASE WHEN cardinality(seen.traffic) = 0 THEN
                format('No usage of a model with a known price in the last %s days: there is nothing to compare.', days)
            WHEN json_array_length(items) = 0 THEN
                'Nothing cheaper that is known can do the same work: other tiers may, name one with tier.' END,
        'items', (SELECT coalesce(json_agg(i.item ORDER BY i.n), '[]') FROM json_array_elements(items)
            WITH ORDINALITY AS i (item, n) WHERE i.n <= coalesce((args ->> 'limit')::integer, 20)),
        'models', budget.optimize_models(seen.traffic)), NULL)::budget.reply;
END $$;

-- Hints about every model of the traffic, largest saving first.
CREATE OR REPLACE FUNCTION budget.optimize_items(traffic budget.traffic[], tier text, skills text[]) RETURNS json
LANGUAGE plpgsql STABLE AS $$
DECLARE
    used record;
    hints json[] := '{}';
BEGIN
    FOR used IN
        SELECT m AS kind, g.parts, budget.traffic_cost(g.parts, g.provider, g.model) AS now_cost
        FROM (SELECT t.provider, t.model, array_agg(t) AS parts FROM unnest(traffic) t GROUP BY 1, 2) g
        CROSS JOIN LATERAL budget.model_described(budget.tenant(), g.provider, g.model) m
    LOOP
        CONTINUE WHEN coalesce(used.now_cost, 0) <= 0;
        hints := hints || budget.optimize_model(used.kind, used.parts, used.now_cost, tier, skills)
            || budget.optimize_cache(used.kind, used.parts, used.now_cost)
            || budget.optimize_batch(used.kind, used.parts, used.now_cost);
    END LOOP;
    RETURN (SELECT coalesce(json_agg(h ORDER BY (h ->> 'savings')::numeric DESC, h ->> 'provider', h ->> 'model',
        h ->> 'kind'), '[]') FROM unnest(hints) h WHERE h IS NOT NULL);
END $$;

-- What all hints say alike.
CREATE OR REPLACE FUNCTION budget.optimize_json(kind budget.model, hint text, now_cost numeric, then_cost numeric,
    is_upper_bound boolean, detail text, more json) RETURNS json LANGUAGE sql STABLE AS $$
    SELECT budget.json_join(json_build_object('kind', hint, 'provider', (kind).provider, 'model', (kind).model,
        'savings', budget.decimal(now_cost - then_cost),
        'savings_percent', round((1 - then_cost / now_cost) * 100, 2), 'current_cost', budget.decimal(now_cost),
        'estimated_cost', budget.decimal(then_cost), 'is_upper_bound', is_upper_bound, 'detail', detail), more)
$$;

CREATE OR REPLACE FUNCTION budget.optimize_model(kind budget.model, parts budget.traffic[], now_cost numeric, tier text,
    skills text[]) RETURNS json LANGUAGE plpgsql STABLE AS $$
DECLARE
    wanted budget.model := kind;
    others json;
    best json;
BEGIN
    wanted.tier := coalesce(tier, kind.tier);
    others := budget.offers_for(wanted, kind.capabilities, parts, now_cost, skills, 3);
    best := others -> 0;
    IF best IS NULL THEN
        RETURN NULL;
    END IF;
    RETURN budget.optimize_json(kind, 'model', now_cost, (best ->> 'estimated_cost')::numeric, false,
        format('The same tokens on %s %s cost %s %% less%s.', best ->> 'provider', best ->> 'model',
            best ->> 'savings_percent', CASE WHEN (best ->> 'local')::boolean
            THEN ', on a machine of your own' ELSE '' END), json_build_object('replacements', others));
END $$;

-- Where the price has a rate for cached input: what half of the input would save if it were read from the cache.
-- Prompts below 1,024 tokens are not cached by anybody; what writing the cache costs is not counted.
CREATE OR REPLACE FUNCTION budget.optimize_cache(kind budget.model, parts budget.traffic[], now_cost numeric)
RETURNS json LANGUAGE plpgsql STABLE AS $$
DECLARE
    at constant timestamptz := clock_timestamp();
    total record;
    share numeric;
    more_tokens numeric;
    saved numeric;
BEGIN
    SELECT sum((t.usage).input_tokens) AS fresh, sum((t.usage).cache_read_tokens) AS cached,
        sum((t.usage).input_tokens + (t.usage).cache_read_tokens + (t.usage).cache_write_5m_tokens
            + (t.usage).cache_write_1h_tokens) AS input, sum(t.records) AS records,
        sum((t.usage).input_tokens * (p.input_cost_per_token - p.cache_read_cost_per_token)) AS gain
      INTO total
      FROM unnest(parts) t
     CROSS JOIN LATERAL budget.price_at(budget.tenant(), kind.provider, kind.model, t.service_tier, at) f
     CROSS JOIN LATERAL budget.price_in_context(f, t.input_above + 1) p
     WHERE p.cache_read_cost_per_token < p.input_cost_per_token;
    IF total.fresh IS NULL OR total.fresh = 0 OR total.input < 1024 * total.records THEN
        RETURN NULL;
    END IF;
    share := total.cached / total.input;
    more_tokens := least(total.fresh, total.input / 2 - total.cached);
    IF more_tokens <= 0 THEN
        RETURN NULL;
    END IF;
    saved := trim_scale(round(total.gain * more_tokens / total.fresh, 12));
    RETURN budget.optimize_json(kind, 'cache', now_cost, now_cost - saved, true, format('%s %% of the input was read '
        'from the cache; with half of it that is at most %s less. Keep the beginning of prompts the same.',
        trim_scale(round(share * 100, 2)), saved), json_build_object('cached_share', trim_scale(round(share, 6)),
        'cacheable_tokens', floor(more_tokens)));
END $$;

-- Where the model has a batch price: what went at the standard one.
CREATE OR REPLACE FUNCTION budget.optimize_batch(kind budget.model, parts budget.traffic[], now_cost numeric)
RETURNS json LANGUAGE plpgsql STABLE AS $$
DECLARE
    batched budget.traffic[];
    then_cost numeric;
BEGIN
    IF NOT EXISTS (SELECT FROM budget.price_at(budget.tenant(), kind.provider, kind.model, 'batch', clock_timestamp())
                   AS p WHERE p.service_tier = 'batch') THEN
        RETURN NULL;
    END IF;
    batched := ARRAY(SELECT ROW(t.provider, t.model, CASE t.service_tier WHEN 'standard' THEN 'batch'
        ELSE t.service_tier END, t.input_above, t.usage, t.records, t.recorded_cost, t.unpriced, t.longest,
        t.longest_answer)::budget.traffic FROM unnest(parts) t);
    then_cost := budget.traffic_cost(batched, kind.provider, kind.model);
    IF then_cost IS NULL OR then_cost >= now_cost THEN
        RETURN NULL;
    END IF;
    RETURN budget.optimize_json(kind, 'batch', now_cost, then_cost, true,
        'Work that can wait for hours costs less in the provider''s batch tier: at most this, if all of it can.',
        json_build_object('service_tier', 'batch'));
END $$;

-- The traffic itself, by model, dearest first.
CREATE OR REPLACE FUNCTION budget.optimize_models(traffic budget.traffic[]) RETURNS json LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (SELECT coalesce(json_agg(budget.json_join(json_build_object('provider', g.provider, 'model', g.model,
            'tier', m.tier, 'records', g.records, 'recorded_cost', budget.decimal(g.recorded),
            'current_cost', budget.decimal(c.cost)), budget.traffic_json(g.parts))
            ORDER BY c.cost DESC NULLS LAST, g.provider, g.model), '[]')
        FROM (SELECT t.provider, t.model, array_agg(t) AS parts, sum(t.records) AS records,
                  sum(t.recorded_cost) AS recorded FROM unnest(traffic) t GROUP BY 1, 2) g
        CROSS JOIN LATERAL budget.model_described(budget.tenant(), g.provider, g.model) m
        CROSS JOIN LATERAL (SELECT budget.traffic_cost(g.parts, g.provider, g.model) AS cost OFFSET 0) c);
END $$;
