-- What a request costs. Exact: nothing is rounded, every digit of the price survives.
--
--   input_cost  = input          × input rate
--               + cache_read     × (cache_read rate, else input rate)
--               + cache_write_5m × (cache_write_5m rate, else input rate)
--               + cache_write_1h × (cache_write_1h rate, else cache_write_5m rate, else input rate)
--               + input_audio    × (input_audio rate, else input rate)
--               + input_image    × (input_image rate, else input rate)
--               + characters × input_cost_per_char + seconds × cost_per_second
--               + requests × fixed_cost_per_request + web_searches × web_search_cost_per_request
--   output_cost = output         × output rate
--               + reasoning      × (reasoning rate, else output rate)
--               + output_audio   × (output_audio rate, else output rate)
--               + output_image   × (output_image rate, else output rate)
--               + output_characters × output_cost_per_char + images × cost_per_image
--   cost        = input_cost + output_cost
--
-- Context tiers: when input + cache_read + cache_write_5m + cache_write_1h + input_audio + input_image is above a
-- tier's above_input_tokens, its rates hold for the whole request (price_in_context). Counts: NULL = 0, but requests
-- NULL = 1.
--
-- Never a silent 0: tokens of a class that neither has a rate nor a fallback make the cost NULL (unpriced) when the
-- price is per token; so does a price per character, image or second when no such count was given. Prices of the other
-- types leave tokens without a rate out; type 'free' is 0.
--
-- Once per usage item on the hot path: LANGUAGE sql and set-returning so that it inlines into the caller's FROM
-- (CROSS JOIN LATERAL budget.usage_cost(p, u)). OFFSET 0 keeps each sum computed once.
CREATE OR REPLACE FUNCTION budget.usage_cost(price budget.price, usage budget.token_usage)
RETURNS TABLE (input_cost numeric, output_cost numeric, cost numeric) LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 1 AS $$
    SELECT s.input_cost, s.output_cost, CASE WHEN s.input_cost + s.output_cost = 0
               AND (price).price_type IN ('character', 'image', 'time') THEN NULL ELSE s.input_cost + s.output_cost END
    FROM (SELECT
            CASE WHEN (usage).input_tokens > 0 THEN (usage).input_tokens * r.input ELSE 0 END
          + CASE WHEN (usage).cache_read_tokens > 0
                 THEN (usage).cache_read_tokens * coalesce((r.p).cache_read_cost_per_token, r.input) ELSE 0 END
          + CASE WHEN (usage).cache_write_5m_tokens > 0
                 THEN (usage).cache_write_5m_tokens * coalesce((r.p).cache_write_5m_cost_per_token, r.input) ELSE 0 END
          + CASE WHEN (usage).cache_write_1h_tokens > 0
                 THEN (usage).cache_write_1h_tokens * coalesce((r.p).cache_write_1h_cost_per_token,
                      (r.p).cache_write_5m_cost_per_token, r.input) ELSE 0 END
          + CASE WHEN (usage).input_audio_tokens > 0
                 THEN (usage).input_audio_tokens * coalesce((r.p).input_audio_cost_per_token, r.input) ELSE 0 END
          + CASE WHEN (usage).input_image_tokens > 0
                 THEN (usage).input_image_tokens * coalesce((r.p).input_image_cost_per_token, r.input) ELSE 0 END
          + CASE WHEN (usage).characters > 0 THEN (usage).characters * coalesce((r.p).input_cost_per_char, 0) ELSE 0 END
          + CASE WHEN (usage).seconds > 0 THEN (usage).seconds * coalesce((r.p).cost_per_second, 0) ELSE 0 END
          + CASE WHEN (r.p).fixed_cost_per_request > 0
                 THEN coalesce((usage).requests, 1) * (r.p).fixed_cost_per_request ELSE 0 END
          + CASE WHEN (usage).web_searches > 0
                 THEN (usage).web_searches * coalesce((r.p).web_search_cost_per_request, 0) ELSE 0 END AS input_cost,
            CASE WHEN (usage).output_tokens > 0 THEN (usage).output_tokens * r.output ELSE 0 END
          + CASE WHEN (usage).reasoning_tokens > 0
                 THEN (usage).reasoning_tokens * coalesce((r.p).reasoning_cost_per_token, r.output) ELSE 0 END
          + CASE WHEN (usage).output_audio_tokens > 0
                 THEN (usage).output_audio_tokens * coalesce((r.p).output_audio_cost_per_token, r.output) ELSE 0 END
          + CASE WHEN (usage).output_image_tokens > 0
                 THEN (usage).output_image_tokens * coalesce((r.p).output_image_cost_per_token, r.output) ELSE 0 END
          + CASE WHEN (usage).output_characters > 0
                 THEN (usage).output_characters * coalesce((r.p).output_cost_per_char, 0) ELSE 0 END
          + CASE WHEN (usage).images > 0 THEN (usage).images * coalesce((r.p).cost_per_image, 0)
              ELSE 0 END AS output_cost
        FROM (SELECT q.p, coalesce((q.p).input_cost_per_token, CASE WHEN (q.p).price_type <> 'token'
            THEN 0 END) AS input,
                     coalesce((q.p).output_cost_per_token, CASE WHEN (q.p).price_type <> 'token' THEN 0 END) AS output
              FROM (SELECT CASE WHEN (price).context_rates IS NULL THEN price ELSE budget.price_in_context(price,
                        coalesce((usage).input_tokens, 0) + coalesce((usage).cache_read_tokens, 0)
                        + coalesce((usage).cache_write_5m_tokens, 0) + coalesce((usage).cache_write_1h_tokens, 0)
                        + coalesce((usage).input_audio_tokens, 0) + coalesce((usage).input_image_tokens, 0)) END AS p
                    OFFSET 0) AS q) AS r
        OFFSET 0) AS s
$$;
