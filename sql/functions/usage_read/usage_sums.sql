-- Exact sums over the records that the filters and [starts, ends) name, one row a shape: shapes are few, so whatever
-- grouping a page wants is made of these rows, and groups and totals cannot differ.
CREATE OR REPLACE FUNCTION budget.usage_sums(args jsonb, starts timestamptz, ends timestamptz)
RETURNS SETOF budget.usage_sum LANGUAGE plpgsql STABLE AS $$
DECLARE
    shapes integer[] := budget.usage_shapes(args);
BEGIN
    RETURN QUERY EXECUTE $query$
        SELECT u.shape_id, count(*), sum(u.input_tokens), sum(u.cache_read_tokens), sum(u.cache_write_5m_tokens),
               sum(u.cache_write_1h_tokens), sum(u.output_tokens), sum(u.reasoning_tokens), sum(u.input_audio_tokens),
               sum(u.output_audio_tokens), sum(u.input_image_tokens), sum(u.output_image_tokens), sum(u.total_tokens),
               sum(u.requests), sum(u.characters), sum(u.output_characters), sum(u.web_searches), sum(u.images),
               sum(u.seconds), coalesce(sum(u.input_cost), 0), coalesce(sum(u.output_cost), 0),
               coalesce(sum(u.cost), 0) + coalesce(sum(c.cost), 0), coalesce(sum(c.count), 0)::bigint,
               coalesce(sum(c.cost), 0),
               count(*) FILTER (WHERE u.cost IS NULL AND c.is_priced IS NOT TRUE),
               coalesce(sum(u.total_tokens) FILTER (WHERE u.cost IS NULL AND c.is_priced IS NOT TRUE), 0),
               coalesce(sum(u.ceiling_cost), 0) + coalesce(sum(c.ceiling), 0), count(u.reported_cost),
               coalesce(sum(u.reported_cost), 0),
               coalesce(sum(coalesce(u.cost, 0) + coalesce(c.cost, 0) - u.reported_cost)
                        FILTER (WHERE u.cost IS NOT NULL OR c.is_priced), 0)
          FROM budget.usage_record u
          LEFT JOIN (SELECT x.record_id, sum(x.delta_cost) AS cost, sum(x.delta_ceiling) AS ceiling, count(*) AS count,
                            (array_agg(x.pricing_id ORDER BY x.created_at DESC, x.run_id DESC))[1] IS NOT NULL
                            AS is_priced
                       FROM budget.correction x
                      WHERE x.tenant_id = $1 AND x.record_id >= budget.ids_from($4) -- older records are no part of it, as in usage_where()
                      GROUP BY x.record_id) AS c ON c.record_id = u.record_id
         WHERE $query$ || budget.usage_where(args, shapes, starts, ends) || ' GROUP BY u.shape_id'
    USING budget.tenant(), args, shapes, starts, ends;
END $$;
