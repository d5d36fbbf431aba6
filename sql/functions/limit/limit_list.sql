-- GET /limits: the enabled policies of active budgets with what is used, held and left of each, newest first. A policy
-- per session or task is a row per scope in use (the 20 that used most).
CREATE OR REPLACE FUNCTION budget.limit_list(tenant uuid, context jsonb, args jsonb) RETURNS budget.reply
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, budget, pg_temp AS $$
DECLARE
    per_page constant integer := coalesce((args ->> 'limit')::integer, 50);
    page constant integer := coalesce((args ->> 'page')::integer, 1);
    listing record;
BEGIN
    PERFORM budget.enter(tenant, context);
    listing := budget.policy_page(args || '{"enabled": true, "budget_active": true}', per_page, page);
    RETURN ROW(NULL, json_build_object('items', budget.limit_items(listing.ids), 'total', listing.total, 'page', page,
        'limit', per_page,
        'next_cursor', listing.next_cursor), NULL)::budget.reply;
END $$;

CREATE OR REPLACE FUNCTION budget.limit_items(ids uuid[]) RETURNS json LANGUAGE plpgsql STABLE AS $$
DECLARE
    revisions constant integer[] := ARRAY(SELECT p.revision FROM budget.policy p WHERE p.tenant_id = budget.tenant()
        AND p.policy_id = ANY (ids));
BEGIN
    RETURN (SELECT coalesce(json_agg(budget.limit_json(p, b, s) ORDER BY p.policy_id DESC, s.spent_cost DESC, s.scope),
        '[]')
        FROM budget.policy p
        JOIN budget.budget b ON b.tenant_id = p.tenant_id AND b.budget_id = p.budget_id
        JOIN budget.policy_standing(revisions, clock_timestamp()) s ON s.revision = p.revision
        WHERE p.tenant_id = budget.tenant() AND p.policy_id = ANY (ids));
END $$;
