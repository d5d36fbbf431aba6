-- GET /budgets/{id}
CREATE OR REPLACE FUNCTION budget.budget_get(tenant uuid, context jsonb, args jsonb) RETURNS budget.reply
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, budget, pg_temp AS $$
DECLARE
    item budget.budget;
BEGIN
    PERFORM budget.enter(tenant, context);
    item := budget.budget_find((args ->> 'id')::uuid);
    RETURN ROW(NULL, budget.budget_json(item), item.version)::budget.reply;
END $$;
