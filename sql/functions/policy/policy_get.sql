-- GET /policies/{id}
CREATE OR REPLACE FUNCTION budget.policy_get(tenant uuid, context jsonb, args jsonb) RETURNS budget.reply
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, budget, pg_temp AS $$
DECLARE
    item budget.policy;
BEGIN
    PERFORM budget.enter(tenant, context);
    item := budget.policy_find((args ->> 'id')::uuid);
    RETURN ROW(NULL, budget.policy_json(item), item.version)::budget.reply;
END $$;
