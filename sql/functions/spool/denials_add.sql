-- Adds refusals that a program has counted in memory: [{"tenant_id", "policy_id", "hour" of unix time, "count"}]. A policy
-- that changed what it counts meanwhile has them under its revision of now. Writes: denial, by key.
CREATE OR REPLACE FUNCTION budget.denials_add(p_counts jsonb) RETURNS bigint LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, budget, pg_temp AS $$
DECLARE
    owner uuid;
    added bigint;
    total bigint := 0;
BEGIN
    FOR owner IN SELECT DISTINCT (c ->> 'tenant_id')::uuid FROM jsonb_array_elements(p_counts) c ORDER BY 1 LOOP
        PERFORM set_config('budget.tenant', owner::text, true);
        INSERT INTO budget.denial AS d (tenant_id, revision, hour, count)
        SELECT owner, p.revision, to_timestamp(c.hour * 3600), sum(c.count)
          FROM jsonb_to_recordset(p_counts) AS c (tenant_id uuid, policy_id uuid, hour bigint, count bigint)
          JOIN budget.policy p ON p.tenant_id = owner AND p.policy_id = c.policy_id
         WHERE c.tenant_id = owner GROUP BY p.revision, c.hour ORDER BY p.revision, c.hour
            ON CONFLICT (tenant_id, revision, hour) DO UPDATE SET count = d.count + excluded.count;
        GET DIAGNOSTICS added = ROW_COUNT;
        total := total + added;
    END LOOP;
    RETURN total;
END $$;

-- Refusals of a policy since the start of a period, to the hour; approximate.
CREATE OR REPLACE FUNCTION budget.denials_since(p_revision integer, since timestamptz) RETURNS bigint
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (SELECT coalesce(sum(d.count), 0) FROM budget.denial d
             WHERE d.tenant_id = budget.tenant() AND d.revision = p_revision
               AND d.hour >= CASE WHEN isfinite(since) THEN date_trunc('hour', since, 'UTC') ELSE since END);
END $$;
