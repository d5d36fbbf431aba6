-- A price as a flat object of its rates: {"input_cost_per_token": 0.000003, "above_200000.input_cost_per_token": …}.
-- Quotes of sources are kept and compared in this form. Written out: it is worked out for every model of every run.
CREATE OR REPLACE FUNCTION budget.price_flat(price budget.price) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    IF price.pricing_id IS NULL THEN
        RETURN NULL;
    END IF;
    RETURN jsonb_strip_nulls(jsonb_build_object(
        'input_cost_per_token', trim_scale(price.input_cost_per_token),
        'output_cost_per_token', trim_scale(price.output_cost_per_token),
        'cache_read_cost_per_token', trim_scale(price.cache_read_cost_per_token),
        'cache_write_5m_cost_per_token', trim_scale(price.cache_write_5m_cost_per_token),
        'cache_write_1h_cost_per_token', trim_scale(price.cache_write_1h_cost_per_token),
        'reasoning_cost_per_token', trim_scale(price.reasoning_cost_per_token),
        'input_audio_cost_per_token', trim_scale(price.input_audio_cost_per_token),
        'output_audio_cost_per_token', trim_scale(price.output_audio_cost_per_token),
        'input_image_cost_per_token', trim_scale(price.input_image_cost_per_token),
        'output_image_cost_per_token', trim_scale(price.output_image_cost_per_token),
        'input_cost_per_char', trim_scale(price.input_cost_per_char),
        'output_cost_per_char', trim_scale(price.output_cost_per_char),
        'cost_per_image', trim_scale(price.cost_per_image),
        'cost_per_second', trim_scale(price.cost_per_second),
        'fixed_cost_per_request', trim_scale(price.fixed_cost_per_request),
        'web_search_cost_per_request', trim_scale(price.web_search_cost_per_request)))
        || CASE WHEN price.context_rates IS NULL THEN '{}' ELSE budget.rates_flat(jsonb_build_object('context_rates',
               to_jsonb(price.context_rates))) END;
END $$;

-- The same from the members of a quote. What is no amount of 0 or more is left out.
CREATE OR REPLACE FUNCTION budget.rates_flat(quote jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(jsonb_object_agg(r.name, trim_scale(r.amount::numeric)), '{}')
    FROM (SELECT q.key AS name, q.value AS amount
          FROM jsonb_each_text(CASE jsonb_typeof(quote) WHEN 'object' THEN quote ELSE '{}' END) AS q
          UNION ALL
          SELECT 'above_' || (c ->> 'above_input_tokens') || '.' || q.key, q.value
          FROM jsonb_array_elements(CASE jsonb_typeof(quote -> 'context_rates') WHEN 'array'
                   THEN quote -> 'context_rates' ELSE '[]' END) AS c,
               jsonb_each_text(CASE jsonb_typeof(c) WHEN 'object' THEN c ELSE '{}' END) AS q
          WHERE c ->> 'above_input_tokens' ~ '^[1-9][0-9]{0,17}$') AS r
    WHERE split_part(r.name, '.', array_length(string_to_array(r.name, '.'), 1)) ~
          ('^((input|output|cache_read|cache_write_5m|cache_write_1h|reasoning|input_audio|output_audio|input_image'
           '|output_image)_cost_per_token|(input|output)_cost_per_char|cost_per_image|cost_per_second'
           '|fixed_cost_per_request|web_search_cost_per_request)$')
      AND r.amount ~ '^[0-9]{1,30}([.][0-9]{1,40})?([eE][-+]?[0-9]{1,2})?$'
$$;

-- A price row with these rates and nothing else.
CREATE OR REPLACE FUNCTION budget.price_of_flat(rates jsonb) RETURNS budget.price LANGUAGE plpgsql STABLE AS $$
DECLARE
    price budget.price := jsonb_populate_record(NULL::budget.price, rates);
BEGIN
    price.context_rates := (
        SELECT array_agg(jsonb_populate_record(NULL::budget.context_rate, c.rates) ORDER BY c.above)
        FROM (SELECT a.above, jsonb_object_agg(a.name, a.rate)
                  || jsonb_build_object('above_input_tokens', a.above) AS rates
              FROM (SELECT (regexp_match(r.key, '^above_([0-9]+)[.]'))[1]::bigint AS above,
                           regexp_replace(r.key, '^above_[0-9]+[.]', '') AS name, r.value AS rate
                    FROM jsonb_each(rates) AS r WHERE r.key LIKE 'above\_%') AS a
              GROUP BY a.above ORDER BY a.above LIMIT 8) AS c);
    RETURN price;
END $$;

-- How far two sets of rates are apart, over the classes both name.
--   shared   how many those are; 0 = they cannot be compared
--   apart    largest |a - b| / b
--   factor   largest of a / b and b / a
--   smells   a class differs by about a thousand or a million: somebody mixed up units
-- Tokens decide where both are priced by tokens; images, audio and searches are named too differently to be compared.
-- A 0 is compared only among plain input and output: elsewhere it mostly means "not known".
CREATE OR REPLACE FUNCTION budget.rates_compare(a jsonb, b jsonb, OUT shared integer, OUT apart numeric,
    OUT factor numeric, OUT smells boolean) LANGUAGE sql IMMUTABLE AS $$
    SELECT count(*), coalesce(max(CASE WHEN r.x = r.y THEN 0 WHEN r.y = 0 THEN 'Infinity'
               ELSE abs(r.x - r.y) / r.y END), 'Infinity'),
           coalesce(max(r.factor), 'Infinity'),
           coalesce(bool_or(r.factor BETWEEN 900 AND 1100 OR r.factor BETWEEN 900000 AND 1100000), false)
    FROM (SELECT s.x, s.y, CASE WHEN s.x = s.y THEN 1 WHEN s.x = 0 OR s.y = 0 THEN 'Infinity'
                               ELSE greatest(s.x / s.y, s.y / s.x) END AS factor
          FROM (SELECT m.key, m.value::numeric AS x, (b ->> m.key)::numeric AS y,
                       m.key ~ '(^|[.])(input|output|cache_read|cache_write_5m|cache_write_1h|reasoning)_cost_per_token$'
                           AS by_token,
                       bool_or(m.key ~ '^(input|output)_cost_per_token$') OVER () AS any_token
                FROM jsonb_each_text(a) AS m WHERE b ? m.key) AS s
          WHERE s.by_token = s.any_token
            AND (s.x > 0 AND s.y > 0 OR s.key ~ '^(input|output)_cost_per_token$' OR NOT s.any_token)) AS r
$$;

-- Whether a price by itself looks like one of another unit: a token above 0.001 (1,000 a million) or below a ten
-- thousandth of a cent a million.
CREATE OR REPLACE FUNCTION budget.rates_smell(rates jsonb) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(bool_or(r.value::numeric > 0.001 OR r.value::numeric > 0 AND r.value::numeric < 0.000000000001),
        false)
    FROM jsonb_each_text(rates) AS r WHERE r.key ~ '_cost_per_token$'
$$;

-- The largest change of a class in percent, with its sign; NULL when nothing can be compared.
CREATE OR REPLACE FUNCTION budget.rates_percent(old jsonb, new jsonb) RETURNS numeric LANGUAGE sql IMMUTABLE AS $$
    SELECT trim_scale(round((c.y / c.x - 1) * 100, 2))
    FROM (SELECT o.value::numeric AS x, (new ->> o.key)::numeric AS y FROM jsonb_each_text(old) AS o
          WHERE new ? o.key) AS c
    WHERE c.x > 0 ORDER BY abs(c.y / c.x - 1) DESC, c.y DESC LIMIT 1
$$;
