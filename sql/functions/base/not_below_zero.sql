-- greatest(value, 0) that keeps NULL: without a limit there is no remainder, not one of 0.
CREATE OR REPLACE FUNCTION budget.not_below_zero(value numeric) RETURNS numeric
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN value < 0 THEN 0 ELSE trim_scale(value) END
$$;
