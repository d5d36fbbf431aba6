-- POST /prices/recommendations: cheaper models that can do the same job: of the same (or the asked) tier and mode, with
-- room for input and output, with every capability asked for, within max_cost. Largest saving first, free local ones
-- last and marked. `usage` is what each would have saved on the tenant's own traffic of the model named, in the last
-- days (30): null where the longest request of that time would not have fitted.
CREATE OR REPLACE FUNCTION budget.price_recommend(tenant uuid, context jsonb, args jsonb) RETURNS budget.reply
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, budget, pg_temp AS $$
DECLARE
    size constant bigint := coalesce((args ->> 'context_size')::bigint, 4000);
    output constant bigint := coalesce((args ->> 'output_size')::bigint, size - size / 4);
    input constant bigint := CASE WHEN args ->> 'output_size' IS NULL THEN size / 4 ELSE size END;
    named record;
    kind budget.model;
    now_cost numeric;
    seen record;
BEGIN
    PERFORM budget.enter(tenant, context);
    IF args ->> 'model' IS NOT NULL THEN
        SELECT n.price_provider AS provider, n.price_model AS model INTO named
            FROM budget.model_named(args ->> 'provider', args ->> 'model') AS n;
        now_cost := budget.cost_estimate(budget.price_in_force(named.provider, named.model, NULL, clock_timestamp()),
            input, output);
        kind := budget.model_described(tenant, named.provider, named.model);
    ELSE
        SELECT NULL::text AS provider, NULL::text AS model INTO named;
    END IF;
    kind.tier := coalesce(args ->> 'tier', kind.tier);
    kind.mode := coalesce(args ->> 'mode', kind.mode);
    SELECT * INTO seen FROM budget.price_recommend_usage(named.provider, named.model, context ->> 'key_budget_id',
        coalesce((args ->> 'days')::integer, 30));
    RETURN ROW(NULL, json_build_object(
        'items', budget.price_recommend_items(kind, input, output, args, now_cost, seen.traffic, seen.cost),
        'current_provider', named.provider, 'current_model', named.model, 'current_cost', budget.decimal(now_cost),
        'tier', kind.tier, 'mode', coalesce(kind.mode, 'chat'), 'input_tokens', input, 'output_tokens', output,
        'task_type', coalesce(args ->> 'task_type', 'default'), 'usage', seen.body), NULL)::budget.reply;
END $$;

-- The tenant's traffic of one model: what it cost at today's prices, and as the API shows it. Without a model: nothing.
CREATE OR REPLACE FUNCTION budget.price_recommend_usage(provider text, model text, bound text, days integer,
    OUT traffic budget.traffic[], OUT cost numeric, OUT body json) LANGUAGE plpgsql STABLE AS $$
DECLARE
    seen record;
BEGIN
    traffic := '{}';
    IF model IS NOT NULL THEN
        SELECT * INTO seen FROM budget.traffic(jsonb_strip_nulls(jsonb_build_object('provider', provider,
            'model', model, 'budget_id', bound)), days);
        traffic := ARRAY(SELECT t FROM unnest(seen.traffic) t WHERE t.provider = price_recommend_usage.provider
            AND t.model = price_recommend_usage.model);
        cost := budget.traffic_cost(traffic, provider, model);
        body := budget.json_join(json_build_object('days', days, 'start_time', budget.utc(seen.starts),
            'end_time', budget.utc(seen.ends), 'is_complete', seen.is_complete, 'recorded_cost',
            (SELECT budget.decimal(coalesce(sum(t.recorded_cost), 0)) FROM unnest(traffic) t), 'current_cost',
            budget.decimal(coalesce(cost, CASE WHEN cardinality(traffic) = 0 THEN 0 END))),
            budget.traffic_json(traffic));
    END IF;
END $$;

CREATE OR REPLACE FUNCTION budget.price_recommend_items(kind budget.model, input bigint, output bigint, args jsonb,
    now_cost numeric, traffic budget.traffic[], traffic_now numeric) RETURNS json
LANGUAGE plpgsql STABLE AS $$
DECLARE
    longest constant bigint := (SELECT max(t.longest) FROM unnest(traffic) t);
    answer constant bigint := (SELECT max(t.longest_answer) FROM unnest(traffic) t);
    result json;
BEGIN
    SELECT json_agg(json_build_object('provider', (r.offered).provider, 'model', (r.offered).model,
        'tier', (r.offered).tier, 'estimated_cost', budget.decimal(r.cost),
        'savings', budget.decimal(now_cost - r.cost),
        'savings_percent', CASE WHEN now_cost > 0 THEN round((1 - r.cost / now_cost) * 100, 2) END,
        'input_cost_per_token', budget.decimal((r.price).input_cost_per_token),
        'output_cost_per_token', budget.decimal((r.price).output_cost_per_token), 'currency', (r.price).currency,
        'context_tokens', (r.offered).context_tokens, 'max_output_tokens', (r.offered).max_output_tokens,
        'capabilities', to_json((r.offered).capabilities), 'local', r.is_local,
        'verified', (r.price).verified, 'usage', CASE WHEN u.cost IS NOT NULL AND traffic_now > 0
            THEN json_build_object('estimated_cost', budget.decimal(u.cost),
            'savings', budget.decimal(traffic_now - u.cost),
            'savings_percent', round((1 - u.cost / traffic_now) * 100, 2)) END) ORDER BY r.n) INTO result
    FROM (SELECT o.price, o.offered, c.cost, c.is_local, row_number() OVER (ORDER BY c.is_local, c.cost,
              (o.offered).provider, (o.offered).model) AS n
          FROM budget.offers(kind, input + output, output,
              budget.skills_asked(args ->> 'capability')) AS o
          CROSS JOIN LATERAL (SELECT budget.cost_estimate(o.price, input, output) AS cost,
              budget.offer_is_local(o.price, o.offered) AS is_local) AS c
          WHERE (now_cost IS NULL OR c.cost < now_cost) AND coalesce(c.cost <= (args ->> 'max_cost')::numeric, true)
            AND (args ->> 'prefer_provider' IS NULL
                 OR (o.offered).provider = budget.provider_canonical(budget.tenant(), args ->> 'prefer_provider'))) AS r
    LEFT JOIN LATERAL (SELECT budget.traffic_cost(traffic, (r.offered).provider, (r.offered).model) AS cost) u
        ON cardinality(traffic) > 0 AND (r.offered).context_tokens >= longest
           AND coalesce((r.offered).max_output_tokens >= answer, true)
           AND (r.offered).capabilities @> budget.traffic_skills(traffic)
    WHERE r.n <= coalesce((args ->> 'limit')::integer, 10);
    RETURN coalesce(result, '[]');
END $$;
