-- GET /budgets/{id}/allocations: the list of /allocations for one budget.
CREATE OR REPLACE FUNCTION budget.budget_allocations(tenant uuid, context jsonb, args jsonb) RETURNS budget.reply
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, budget, pg_temp AS $$
BEGIN
    PERFORM budget.enter(tenant, context);
    RETURN budget.hold_list(tenant, context, args - 'id'
        || jsonb_build_object('budget_id', (budget.budget_find((args ->> 'id')::uuid)).budget_id));
END $$;
