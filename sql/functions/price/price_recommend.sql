-- POST /prices/recommendations: cheaper models that can do the same job: of the same (or the asked) tier, with room for
-- input and output, with every capability asked for, within max_cost. Largest saving first, free local ones last and
-- marked.
CREATE OR REPLACE FUNCTION budget.price_recommend(tenant uuid, context jsonb, args jsonb) RETURNS budget.reply
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, budget, pg_temp AS $$
DECLARE
    size constant bigint := coalesce((args ->> 'context_size')::bigint, 4000);
    output constant bigint := coalesce((args ->> 'output_size')::bigint, size - size / 4);
    input constant bigint := CASE WHEN args ->> 'output_size' IS NULL THEN size / 4 ELSE size END;
    skills constant text[] := array_remove(regexp_split_to_array(lower(coalesce(args ->> 'capability', '')),
        '[^a-z_]+'), '');
    named record;
    kind budget.model;
    now_cost numeric;
    items json;
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
    SELECT json_agg(r.item) INTO items
    FROM (SELECT json_build_object('provider', p.provider, 'model', p.model, 'tier', m.tier,
                     'estimated_cost', budget.decimal(c.cost), 'savings', budget.decimal(now_cost - c.cost),
                     'savings_percent', CASE WHEN now_cost > 0 THEN round((1 - c.cost / now_cost) * 100, 2) END,
                     'input_cost_per_token', budget.decimal(p.input_cost_per_token),
                     'output_cost_per_token', budget.decimal(p.output_cost_per_token), 'currency', p.currency,
                     'context_tokens', m.context_tokens, 'max_output_tokens', m.max_output_tokens,
                     'capabilities', to_json(m.capabilities), 'local', m.is_local, 'verified', p.verified) AS item
          FROM budget.prices_at(clock_timestamp()) AS p
          CROSS JOIN LATERAL budget.model_described(tenant, p.provider, p.model) AS m
          CROSS JOIN LATERAL (SELECT budget.cost_estimate(p, input, output) AS cost) AS c
          WHERE p.service_tier = 'standard' AND p.model <> '*' AND p.price_type IN ('token', 'free')
            AND m.mode = coalesce(kind.mode, 'chat')
            AND (kind.tier IS NULL OR m.tier = kind.tier)
            AND (p.provider, p.model) IS DISTINCT FROM (named.provider, named.model)
            AND m.context_tokens >= input + output AND coalesce(m.max_output_tokens >= output, true)
            AND m.capabilities @> skills
            AND (args ->> 'prefer_provider' IS NULL
                 OR p.provider = budget.provider_canonical(tenant, args ->> 'prefer_provider'))
            AND (now_cost IS NULL OR c.cost < now_cost) AND coalesce(c.cost <= (args ->> 'max_cost')::numeric, true)
          ORDER BY m.is_local, c.cost, p.provider, p.model LIMIT coalesce((args ->> 'limit')::integer, 10)) AS r;
    RETURN ROW(NULL, json_build_object('items', coalesce(items, '[]'), 'current_provider', named.provider,
        'current_model', named.model, 'current_cost', budget.decimal(now_cost), 'tier', kind.tier, 'input_tokens',
        input, 'output_tokens', output, 'task_type', coalesce(args ->> 'task_type', 'default')), NULL)::budget.reply;
END $$;
