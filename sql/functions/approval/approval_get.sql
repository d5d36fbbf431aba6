-- GET /approvals/{id}
CREATE OR REPLACE FUNCTION budget.approval_get(tenant uuid, context jsonb, args jsonb) RETURNS budget.reply
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, budget, pg_temp AS $$
BEGIN
    PERFORM budget.enter(tenant, context);
    RETURN ROW(NULL, budget.approval_json(budget.approval_find((args ->> 'id')::uuid)), NULL)::budget.reply;
END $$;
