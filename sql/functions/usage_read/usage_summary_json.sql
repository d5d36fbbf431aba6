-- A summary of usage as the API shows it.
CREATE OR REPLACE FUNCTION budget.usage_summary_json(args jsonb) RETURNS json LANGUAGE plpgsql STABLE AS $$
DECLARE
    zone  budget.budget := budget.zone_in_sight((args ->> 'budget_id')::uuid);
    span  record;
    parts budget.usage_sum[];
    total budget.usage_sum;
BEGIN
    SELECT * INTO span FROM budget.usage_summary_range(args);
    parts := ARRAY(SELECT s FROM budget.usage_sums(args, span.starts, span.ends) AS s);
    total := budget.usage_total(parts);
    RETURN json_build_object(
        'period', span.period, 'budget_id', args ->> 'budget_id',
        'currency', zone.currency, 'time_zone', zone.time_zone,
        'start_time', budget.utc(span.starts), 'end_time', budget.utc(span.ends),
        'total_input_tokens', total.input_tokens, 'total_cache_read_tokens', total.cache_read_tokens,
        'total_cache_write_5m_tokens', total.cache_write_5m_tokens,
        'total_cache_write_1h_tokens', total.cache_write_1h_tokens,
        'total_output_tokens', total.output_tokens, 'total_reasoning_tokens', total.reasoning_tokens,
        'total_input_audio_tokens', total.input_audio_tokens, 'total_output_audio_tokens', total.output_audio_tokens,
        'total_input_image_tokens', total.input_image_tokens, 'total_output_image_tokens', total.output_image_tokens,
        'total_tokens', total.total_tokens, 'total_requests', total.requests, 'total_characters', total.characters,
        'total_output_characters', total.output_characters,
        'total_web_searches', total.web_searches, 'total_images', total.images,
        'total_seconds', budget.decimal(total.seconds),
        'total_input_cost', budget.decimal(total.input_cost), 'total_output_cost', budget.decimal(total.output_cost),
        'total_cost', budget.decimal(total.cost), 'count', total.count,
        'corrections', json_build_object('count', total.correction_count,
                                         'cost', budget.decimal(total.correction_cost)),
        'unpriced', json_build_object('count', total.unpriced_count, 'tokens', total.unpriced_tokens,
                                      'ceiling_cost', budget.decimal(total.ceiling_cost)),
        -- what providers say themselves, and how far ours lies above it (of the priced ones)
        'reported', json_build_object('count', total.reported_count, 'cost', budget.decimal(total.reported_cost),
                                      'cost_gap', budget.decimal(total.cost_gap)),
        'groups', budget.usage_groups(parts));
END $$;

-- All rows in one; 0, not NULL, when there are none.
CREATE OR REPLACE FUNCTION budget.usage_total(parts budget.usage_sum[]) RETURNS budget.usage_sum
LANGUAGE sql STABLE AS $$
    SELECT (NULL, coalesce(sum(p.count), 0), coalesce(sum(p.input_tokens), 0), coalesce(sum(p.cache_read_tokens), 0),
            coalesce(sum(p.cache_write_5m_tokens), 0), coalesce(sum(p.cache_write_1h_tokens), 0),
            coalesce(sum(p.output_tokens), 0), coalesce(sum(p.reasoning_tokens), 0),
            coalesce(sum(p.input_audio_tokens), 0), coalesce(sum(p.output_audio_tokens), 0),
            coalesce(sum(p.input_image_tokens), 0), coalesce(sum(p.output_image_tokens), 0),
            coalesce(sum(p.total_tokens), 0), coalesce(sum(p.requests), 0), coalesce(sum(p.characters), 0),
            coalesce(sum(p.output_characters), 0), coalesce(sum(p.web_searches), 0), coalesce(sum(p.images), 0),
            coalesce(sum(p.seconds), 0),
            coalesce(sum(p.input_cost), 0), coalesce(sum(p.output_cost), 0), coalesce(sum(p.cost), 0),
            coalesce(sum(p.correction_count), 0), coalesce(sum(p.correction_cost), 0),
            coalesce(sum(p.unpriced_count), 0), coalesce(sum(p.unpriced_tokens), 0),
            coalesce(sum(p.ceiling_cost), 0), coalesce(sum(p.reported_count), 0), coalesce(sum(p.reported_cost), 0),
            coalesce(sum(p.cost_gap), 0))::budget.usage_sum
      FROM unnest(parts) AS p
$$;

-- {provider: {key: sums}, model: …}, dearest first. Each dimension adds up to the total.
CREATE OR REPLACE FUNCTION budget.usage_groups(parts budget.usage_sum[]) RETURNS json LANGUAGE sql STABLE AS $$
    SELECT json_build_object('provider', coalesce((json_agg(members) FILTER (WHERE name = 'provider')) -> 0, '{}'),
                             'model', coalesce((json_agg(members) FILTER (WHERE name = 'model')) -> 0, '{}'),
                             'component', coalesce((json_agg(members) FILTER (WHERE name = 'component')) -> 0, '{}'),
                             'task_type', coalesce((json_agg(members) FILTER (WHERE name = 'task_type')) -> 0, '{}'),
                             'tier', coalesce((json_agg(members) FILTER (WHERE name = 'tier')) -> 0, '{}'))
      FROM (SELECT g.name, json_object_agg(g.key, budget.usage_group_json(g.sums)
                       ORDER BY (g.sums).cost DESC, (g.sums).total_tokens DESC, g.key) AS members
              FROM budget.usage_grouped(parts) AS g GROUP BY g.name) AS dimension
$$;

CREATE OR REPLACE FUNCTION budget.usage_grouped(parts budget.usage_sum[])
RETURNS TABLE (name text, key text, sums budget.usage_sum) LANGUAGE sql STABLE AS $$
    SELECT d.name, coalesce(d.key, 'unknown'), budget.usage_total(array_agg(p))
      FROM unnest(parts) AS p
      JOIN budget.shape s ON s.tenant_id = budget.tenant() AND s.shape_id = p.shape_id
     CROSS JOIN LATERAL (VALUES ('provider', s.provider), ('model', s.model), ('component', s.component),
                                ('task_type', s.task_type), ('tier', s.tier)) AS d (name, key)
     GROUP BY d.name, coalesce(d.key, 'unknown')
$$;

CREATE OR REPLACE FUNCTION budget.usage_group_json(g budget.usage_sum) RETURNS json LANGUAGE sql IMMUTABLE AS $$
    SELECT json_build_object('input_tokens', g.input_tokens, 'cache_read_tokens', g.cache_read_tokens,
        'cache_write_5m_tokens', g.cache_write_5m_tokens, 'cache_write_1h_tokens', g.cache_write_1h_tokens,
        'output_tokens', g.output_tokens, 'reasoning_tokens', g.reasoning_tokens,
        'input_audio_tokens', g.input_audio_tokens,
        'output_audio_tokens', g.output_audio_tokens, 'input_image_tokens', g.input_image_tokens,
        'output_image_tokens', g.output_image_tokens, 'total_tokens', g.total_tokens, 'cost', budget.decimal(g.cost),
        'count', g.count, 'unpriced_count', g.unpriced_count, 'ceiling_cost', budget.decimal(g.ceiling_cost))
$$;
