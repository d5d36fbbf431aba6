-- What the tenant asked of models in the last days, summed up by canonical model, service tier and context tier: what
-- recommendations are judged by. Looks at the newest records of the range, at most 100,000 whatever it holds, and says
-- from when on that is. args: filters of reprice_shapes(); records whose model nobody knows a price of are left out.
--   records      looked at, with those that the filters leave out
--   is_complete  that is the whole range
CREATE OR REPLACE FUNCTION budget.traffic(args jsonb, days integer, OUT traffic budget.traffic[],
    OUT starts timestamptz, OUT ends timestamptz, OUT records bigint, OUT is_complete boolean)
LANGUAGE plpgsql STABLE AS $$
DECLARE
    most constant integer := 100000;
    shapes integer[];
    providers text[];
    models text[];
    first_at timestamptz;
    steps constant bigint[] := ARRAY(SELECT DISTINCT r.above_input_tokens FROM budget.price p
        CROSS JOIN LATERAL unnest(p.context_rates) r WHERE p.tenant_id IN (budget.tenant(), budget.catalogue_tenant())
        ORDER BY 1);
BEGIN
    ends := clock_timestamp();
    starts := ends - make_interval(days => days);
    SELECT coalesce(array_agg(w.shape_id), '{}'), coalesce(array_agg(w.price_provider), '{}'),
        coalesce(array_agg(w.price_model), '{}') INTO shapes, providers, models
    FROM budget.reprice_shapes(args) w WHERE w.price_model IS NOT NULL;
    EXECUTE budget.traffic_query(most) INTO traffic, records, first_at
        USING budget.tenant(), starts, ends, shapes, providers, models, steps;
    is_complete := records < most;
    IF NOT is_complete THEN
        starts := first_at;
    END IF;
    traffic := coalesce(traffic, '{}');
END $$;

-- Its text, planned with its limit: as a parameter that would stand for a tenth of the table.
CREATE OR REPLACE FUNCTION budget.traffic_query(most integer) RETURNS text LANGUAGE sql IMMUTABLE AS $query$
    SELECT format($$
    WITH part AS (
        SELECT w.provider, w.model, coalesce(u.service_tier, 'standard') AS service_tier,
            coalesce($7[width_bucket(a.input - 1, $7)], 0) AS input_above, count(*) AS records,
            ROW(sum(u.input_tokens), sum(u.cache_read_tokens), sum(u.cache_write_5m_tokens),
                sum(u.cache_write_1h_tokens), sum(u.output_tokens), sum(u.reasoning_tokens), sum(u.input_audio_tokens),
                sum(u.output_audio_tokens), sum(u.input_image_tokens), sum(u.output_image_tokens), sum(u.requests),
                sum(u.characters), sum(u.images), sum(u.seconds), sum(u.output_characters),
                sum(u.web_searches))::budget.token_usage AS usage,
            coalesce(sum(u.cost), 0) + coalesce(sum(c.cost), 0) AS recorded_cost,
            count(*) FILTER (WHERE u.cost IS NULL AND u.ceiling_cost + coalesce(c.ceiling, 0) <> 0) AS unpriced,
            max(u.total_tokens) AS longest, max(u.total_tokens - a.input) AS longest_answer,
            min(u.charged_at) AS first_at
        FROM (SELECT * FROM budget.usage_record o WHERE o.tenant_id = $1 AND o.charged_at >= $2 AND o.charged_at < $3
                AND o.record_id >= budget.ids_from($2)
              ORDER BY o.charged_at DESC, o.record_id DESC LIMIT %s) u
        CROSS JOIN LATERAL (SELECT u.input_tokens + u.cache_read_tokens + u.cache_write_5m_tokens
            + u.cache_write_1h_tokens + u.input_audio_tokens + u.input_image_tokens AS input) a
        LEFT JOIN unnest($4::integer[], $5::text[], $6::text[]) AS w (shape_id, provider, model)
            ON w.shape_id = u.shape_id
        LEFT JOIN (SELECT x.record_id, sum(x.delta_cost) AS cost, sum(x.delta_ceiling) AS ceiling
              FROM budget.correction x WHERE x.tenant_id = $1
                AND x.record_id >= budget.ids_from($2) GROUP BY x.record_id) c
            ON c.record_id = u.record_id
        GROUP BY 1, 2, 3, 4)
    SELECT array_agg(ROW(p.provider, p.model, p.service_tier, p.input_above, p.usage, p.records, p.recorded_cost,
            p.unpriced, p.longest, p.longest_answer)::budget.traffic ORDER BY p.provider, p.model, p.service_tier,
            p.input_above) FILTER (WHERE p.model IS NOT NULL),
        coalesce(sum(p.records), 0)::bigint, min(p.first_at)
    FROM part p $$, most)
$query$;

-- What this traffic would cost at a model's prices of now, each part in its service tier (standard where there is no
-- other). NULL: the model has no price, or none for a class that was used.
CREATE OR REPLACE FUNCTION budget.traffic_cost(traffic budget.traffic[], provider text, model text) RETURNS numeric
LANGUAGE plpgsql STABLE AS $$
DECLARE
    at constant timestamptz := clock_timestamp();
    result numeric;
BEGIN
    SELECT CASE WHEN bool_and(c.cost IS NOT NULL) THEN sum(c.cost) END INTO result
    FROM unnest(traffic) t
    LEFT JOIN LATERAL budget.price_at(budget.tenant(), traffic_cost.provider, traffic_cost.model, t.service_tier, at) p
        ON true
    LEFT JOIN LATERAL budget.usage_cost(budget.price_in_context(p, t.input_above + 1), t.usage) c
        ON p.pricing_id IS NOT NULL;
    RETURN result;
END $$;

-- The parts of traffic added up, as the API shows it.
CREATE OR REPLACE FUNCTION budget.traffic_json(traffic budget.traffic[]) RETURNS json LANGUAGE sql STABLE AS $$
    SELECT json_build_object('requests', coalesce(sum((t.usage).requests), 0),
        'input_tokens', coalesce(sum((t.usage).input_tokens), 0),
        'cache_read_tokens', coalesce(sum((t.usage).cache_read_tokens), 0),
        'cache_write_5m_tokens', coalesce(sum((t.usage).cache_write_5m_tokens), 0),
        'cache_write_1h_tokens', coalesce(sum((t.usage).cache_write_1h_tokens), 0),
        'output_tokens', coalesce(sum((t.usage).output_tokens), 0),
        'reasoning_tokens', coalesce(sum((t.usage).reasoning_tokens), 0),
        'input_audio_tokens', coalesce(sum((t.usage).input_audio_tokens), 0),
        'output_audio_tokens', coalesce(sum((t.usage).output_audio_tokens), 0),
        'input_image_tokens', coalesce(sum((t.usage).input_image_tokens), 0),
        'output_image_tokens', coalesce(sum((t.usage).output_image_tokens), 0),
        'unpriced_count', coalesce(sum(t.unpriced), 0), 'longest_request_tokens', max(t.longest),
        'longest_answer_tokens', max(t.longest_answer))
    FROM unnest(traffic) t
$$;

-- What a model must be able to do, by what the traffic shows.
CREATE OR REPLACE FUNCTION budget.traffic_skills(traffic budget.traffic[]) RETURNS text[] LANGUAGE sql STABLE AS $$
    SELECT array_remove(ARRAY[CASE WHEN sum((t.usage).input_image_tokens) > 0 THEN 'vision' END,
        CASE WHEN sum((t.usage).input_audio_tokens) > 0 THEN 'audio_in' END,
        CASE WHEN sum((t.usage).output_audio_tokens) > 0 THEN 'audio_out' END,
        CASE WHEN sum((t.usage).web_searches) > 0 THEN 'web_search' END], NULL)
    FROM unnest(traffic) t
$$;
