-- GET /policies and /budgets/{id}/policies: all that match the filters, disabled ones too, newest first.
CREATE OR REPLACE FUNCTION budget.policy_list(tenant uuid, context jsonb, args jsonb) RETURNS budget.reply
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, budget, pg_temp AS $$
DECLARE
    per_page constant integer := coalesce((args ->> 'limit')::integer, 50);
    page constant integer := coalesce((args ->> 'page')::integer, 1);
    listing record;
BEGIN
    PERFORM budget.enter(tenant, context);
    listing := budget.policy_page(args, per_page, page);
    RETURN ROW(NULL, json_build_object(
        'items', (SELECT coalesce(json_agg(budget.policy_json(p) ORDER BY p.policy_id DESC), '[]') FROM budget.policy p
                  WHERE p.tenant_id = budget.tenant() AND p.policy_id = ANY (listing.ids)),
        'total', listing.total, 'page', page, 'limit', per_page, 'next_cursor', listing.next_cursor),
        NULL)::budget.reply;
END $$;

-- Ids of one page of policies, newest first; total NULL beyond 10,000.
CREATE OR REPLACE FUNCTION budget.policy_page(args jsonb, per_page integer, page integer,
    OUT ids uuid[], OUT total bigint, OUT next_cursor text) LANGUAGE plpgsql STABLE AS $$
DECLARE
    below constant uuid := (budget.cursor_decode(args ->> 'cursor', 1))[1]::uuid;
BEGIN
    WITH matching AS MATERIALIZED (
        SELECT p.policy_id FROM budget.policy p
        WHERE p.tenant_id = budget.tenant()
          AND (args ->> 'budget_id' IS NULL OR p.budget_id = (args ->> 'budget_id')::uuid)
          AND (args ->> 'type' IS NULL OR p.type = args ->> 'type')
              AND (args ->> 'period' IS NULL OR p.period = args ->> 'period')
          AND (args ->> 'tier' IS NULL OR p.tier = args ->> 'tier')
          AND (args ->> 'provider' IS NULL OR lower(p.provider) = lower(args ->> 'provider'))
          AND (args ->> 'model' IS NULL OR lower(p.model) = lower(args ->> 'model'))
          AND (args ->> 'component' IS NULL OR p.component = args ->> 'component')
          AND (args ->> 'task_type' IS NULL OR p.task_type = args ->> 'task_type')
          AND (args ->> 'enabled' IS NULL OR p.enabled = (args ->> 'enabled')::boolean)
          AND (args ->> 'budget_active' IS NULL OR EXISTS (SELECT FROM budget.budget b
               WHERE b.tenant_id = p.tenant_id AND b.budget_id = p.budget_id AND b.is_active)))
    SELECT (SELECT nullif(count(*), 10001) FROM (SELECT FROM matching LIMIT 10001) c),
           ARRAY(SELECT m.policy_id FROM matching m WHERE below IS NULL OR m.policy_id < below ORDER BY m.policy_id DESC
                 LIMIT per_page OFFSET CASE WHEN below IS NULL THEN (page - 1)::bigint * per_page ELSE 0 END)
      INTO total, ids;
    IF cardinality(ids) = per_page THEN
        next_cursor := budget.cursor_encode(ids[per_page]::text);
    END IF;
END $$;

CREATE OR REPLACE FUNCTION budget.budget_policies(tenant uuid, context jsonb, args jsonb) RETURNS budget.reply
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, budget, pg_temp AS $$
BEGIN
    PERFORM budget.enter(tenant, context);
    RETURN budget.policy_list(tenant, context,
        args - 'id' || jsonb_build_object('budget_id', (budget.budget_find((args ->> 'id')::uuid)).budget_id));
END $$;
