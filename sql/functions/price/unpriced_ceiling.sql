-- What a token counts for while its model has no price: a configured ceiling, not a promise. One figure for all
-- providers so far; the provider is asked for so that a finer setting needs no other callers.
CREATE OR REPLACE FUNCTION budget.unpriced_ceiling(provider text) RETURNS numeric LANGUAGE sql STABLE AS $$
    SELECT budget.setting_value('unpriced_ceiling_per_token')::numeric
$$;
