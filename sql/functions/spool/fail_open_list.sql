-- Budgets whose checks and allocations are allowed while the database is away, over all tenants: what the ledger program
-- has to know by then. path: the budget and those above it, so that a key's reach can be told. Reads: tenant, budget.
CREATE OR REPLACE FUNCTION budget.fail_open_list() RETURNS TABLE (tenant uuid, budget uuid, is_default boolean, path text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, budget, pg_temp AS $$
DECLARE
    owner record;
BEGIN
    PERFORM set_config('budget.tenant', '*', true);
    FOR owner IN SELECT t.tenant_id, t.default_budget_id FROM budget.tenant t
                  WHERE t.is_active AND t.tenant_id <> budget.catalogue_tenant() ORDER BY t.tenant_id LOOP
        PERFORM set_config('budget.tenant', owner.tenant_id::text, true);
        RETURN QUERY SELECT b.tenant_id, b.budget_id, b.budget_id = owner.default_budget_id, array_to_string(b.path, ',')
                       FROM budget.budget b
                      WHERE b.tenant_id = owner.tenant_id AND b.fail_mode = 'open' AND b.is_active ORDER BY b.budget_id;
    END LOOP;
END $$;
