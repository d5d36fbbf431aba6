-- GET /alerts/{id}
CREATE OR REPLACE FUNCTION budget.alert_get(tenant uuid, context jsonb, args jsonb) RETURNS budget.reply
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, budget, pg_temp AS $$
BEGIN
    PERFORM budget.enter(tenant, context);
    RETURN (NULL::integer, budget.alert_json(budget.alert_find((args ->> 'id')::uuid)), NULL::text);
END $$;

-- An alert the caller's key may see, or 404.
CREATE OR REPLACE FUNCTION budget.alert_find(id uuid) RETURNS budget.alert LANGUAGE plpgsql STABLE AS $$
DECLARE
    result budget.alert;
BEGIN
    SELECT a.* INTO result FROM budget.alert a WHERE a.tenant_id = budget.tenant() AND a.alert_id = id
       AND (budget.context('key_budget_id') IS NULL OR a.budget_id = ANY (budget.budgets_in_sight(NULL)));
    IF NOT FOUND THEN
        PERFORM budget.fail(404, 'alert_not_found',
            '/id', format('There is no alert %s: GET /api/v1/alerts lists them.', id));
    END IF;
    RETURN result;
END $$;
