-- The live slices that budgets of a lineage (root … self) have been delegated, and all policies these are held on.
-- NULLs: there is none.
CREATE OR REPLACE FUNCTION budget.slices_above(p_tenant uuid, lineage uuid[], OUT ids uuid[], OUT revisions integer[])
LANGUAGE plpgsql STABLE AS $$
BEGIN
    ids := ARRAY(SELECT h.hold_id FROM budget.budget b
        JOIN budget.hold h ON h.tenant_id = b.tenant_id AND h.hold_id = b.slice_hold_id AND h.state = 'live'
        WHERE b.tenant_id = p_tenant AND b.budget_id = ANY (lineage) AND b.slice_hold_id IS NOT NULL ORDER BY 1);
    IF cardinality(ids) = 0 THEN
        ids := NULL;
        RETURN;
    END IF;
    revisions := ARRAY(SELECT DISTINCT r FROM budget.hold h CROSS JOIN LATERAL unnest(h.revisions) AS r
        WHERE h.tenant_id = p_tenant AND h.hold_id = ANY (ids));
END $$;

-- When the first of these slices ends; holds within them end then at the latest. NULL = never.
CREATE OR REPLACE FUNCTION budget.slices_end(p_tenant uuid, ids uuid[]) RETURNS timestamptz LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (SELECT nullif(min(h.expires_at), 'infinity') FROM budget.hold h
        WHERE h.tenant_id = p_tenant AND h.hold_id = ANY (ids));
END $$;
