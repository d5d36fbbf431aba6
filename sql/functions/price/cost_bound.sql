-- What a request may cost at most, for holds; what it probably costs, for people; what still fits. All from one price
-- row and without looking at any table. NULL price or a price not per token: NULL, the caller then counts at the
-- unpriced ceiling.

-- Dearest rate of each side once all_input_tokens have been passed: every class, every context tier up to there.
CREATE OR REPLACE FUNCTION budget.dearest_rates(price budget.price, all_input_tokens bigint, OUT input numeric,
    OUT output numeric)
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    rate budget.context_rate;
BEGIN
    input := greatest(price.input_cost_per_token, price.cache_read_cost_per_token, price.cache_write_5m_cost_per_token,
                      price.cache_write_1h_cost_per_token, price.input_audio_cost_per_token,
                      price.input_image_cost_per_token);
    output := greatest(price.output_cost_per_token, price.reasoning_cost_per_token, price.output_audio_cost_per_token,
                       price.output_image_cost_per_token);
    IF price.context_rates IS NOT NULL THEN
        FOREACH rate IN ARRAY price.context_rates LOOP
            EXIT WHEN all_input_tokens <= rate.above_input_tokens;
            input := greatest(input, rate.input_cost_per_token, rate.cache_read_cost_per_token,
                              rate.cache_write_5m_cost_per_token, rate.cache_write_1h_cost_per_token);
            output := greatest(output, rate.output_cost_per_token, rate.reasoning_cost_per_token);
        END LOOP;
    END IF;
    IF price.price_type <> 'token' THEN             -- tokens such a price does not name are not billed
        input := coalesce(input, 0);
        output := coalesce(output, 0);
    END IF;
END $$;

-- input_tokens × dearest input class + output_tokens × dearest output class + the fee of one request.
CREATE OR REPLACE FUNCTION budget.cost_bound(price budget.price, input_tokens bigint, output_tokens bigint)
RETURNS numeric
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    rates record;
BEGIN
    rates := budget.dearest_rates(price, input_tokens);
    RETURN CASE WHEN input_tokens > 0 THEN input_tokens * rates.input ELSE 0 END
         + CASE WHEN output_tokens > 0 THEN output_tokens * rates.output ELSE 0 END
         + coalesce(price.fixed_cost_per_request, 0);
END $$;

-- The same for a bare count that may be anything: tokens × the dearest class of all.
CREATE OR REPLACE FUNCTION budget.cost_bound_bare(price budget.price, tokens bigint) RETURNS numeric
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    rates record;
BEGIN
    rates := budget.dearest_rates(price, tokens);
    RETURN CASE WHEN tokens > 0 THEN tokens * greatest(rates.input, rates.output) ELSE 0 END
         + coalesce(price.fixed_cost_per_request, 0);
END $$;

-- The plain estimate of a bare count: a quarter of it (rounded down) uncached input, the rest output.
CREATE OR REPLACE FUNCTION budget.cost_estimate(price budget.price, tokens bigint) RETURNS numeric
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
    RETURN budget.cost_estimate(price, tokens / 4, tokens - tokens / 4);
END $$;

CREATE OR REPLACE FUNCTION budget.cost_estimate(price budget.price, input_tokens bigint, output_tokens bigint)
RETURNS numeric
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    paid budget.price := price;
    blank numeric := CASE WHEN price.price_type <> 'token' THEN 0 END;
BEGIN
    IF price.context_rates IS NOT NULL THEN
        paid := budget.price_in_context(price, input_tokens);
    END IF;
    RETURN CASE WHEN input_tokens > 0 THEN input_tokens * coalesce(paid.input_cost_per_token, blank) ELSE 0 END
         + CASE WHEN output_tokens > 0 THEN output_tokens * coalesce(paid.output_cost_per_token, blank) ELSE 0 END
         + coalesce(price.fixed_cost_per_request, 0);
END $$;

-- Largest bare count whose bound is not above cost; NULL = no count can reach it (tokens are free), 0 = none fits.
CREATE OR REPLACE FUNCTION budget.tokens_that_fit(price budget.price, cost numeric) RETURNS bigint
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    money numeric := cost - coalesce(price.fixed_cost_per_request, 0);
    stops bigint[] := ARRAY[1000000000000000];
    passed bigint := 0;
    stop bigint;
    rate numeric;
    fits numeric;
BEGIN
    IF price.context_rates IS NOT NULL THEN
        stops := (SELECT array_agg(r.above_input_tokens ORDER BY r.above_input_tokens)
            FROM unnest(price.context_rates) AS r) || stops;
    END IF;
    IF money < 0 THEN
        RETURN 0;
    END IF;
    -- One stretch between two context tiers after the other: within a stretch the dearest rate is the same.
    FOREACH stop IN ARRAY stops LOOP
        SELECT greatest(d.input, d.output) INTO rate FROM budget.dearest_rates(price, stop) AS d;
        fits := CASE WHEN rate = 0 THEN stop ELSE least(div(money, rate), stop) END;
        IF fits <= passed THEN
            RETURN passed;                          -- the next tier is out of reach: up to its edge, then
        ELSIF fits < stop THEN
            RETURN fits;
        END IF;
        passed := stop;
    END LOOP;
    RETURN CASE WHEN rate > 0 THEN passed END;
END $$;
