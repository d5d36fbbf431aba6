-- Tier of a request: the table by exact name, by canonical name, the tier the model itself states, the longest prefix
-- of the table, the provider, else remote_heavyweight.
CREATE OR REPLACE FUNCTION budget.tier_of(provider text, model text, canonical text)
RETURNS text LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
DECLARE
    seller text := budget.provider_canonical(budget.tenant(), provider);
    names text[] := ARRAY[lower(btrim(model)), lower(canonical), budget.model_undated(lower(btrim(model)))];
    result text;
BEGIN
    SELECT r.tier INTO result FROM budget.tier_rule AS r
    WHERE r.provider IN ('', seller) AND r.model = ANY (names) AND r.model <> ''
    ORDER BY array_position(names, r.model), r.provider DESC LIMIT 1;
    IF result IS NULL AND canonical IS NOT NULL THEN
        SELECT m.tier INTO result FROM budget.model AS m
        WHERE m.tenant_id IN (budget.tenant(), budget.catalogue_tenant()) AND m.model = lower(canonical)
            AND m.tier IS NOT NULL
        ORDER BY m.tenant_id = budget.tenant() DESC NULLS LAST, m.provider = seller DESC NULLS LAST LIMIT 1;
    END IF;
    IF result IS NULL THEN
        SELECT r.tier INTO result FROM budget.tier_rule AS r
        WHERE r.provider IN ('', seller) AND (r.model = '' OR r.model LIKE '%*'
              AND EXISTS (SELECT FROM unnest(names) AS n WHERE starts_with(n, rtrim(r.model, '*'))))
        ORDER BY length(r.model) DESC, r.provider DESC LIMIT 1;
    END IF;
    RETURN coalesce(result, 'remote_heavyweight');
END $$;
