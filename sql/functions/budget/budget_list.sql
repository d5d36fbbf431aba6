-- GET /budgets: active ones unless is_active says otherwise, newest first. view=tree nests children instead.
CREATE OR REPLACE FUNCTION budget.budget_list(tenant uuid, context jsonb, args jsonb) RETURNS budget.reply
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, budget, pg_temp AS $$
DECLARE
    per_page constant integer := coalesce((args ->> 'limit')::integer, 50);
    page constant integer := coalesce((args ->> 'page')::integer, 1);
    below constant uuid := (budget.cursor_decode(args ->> 'cursor', 1))[1]::uuid;
    items json;
    total bigint;
    last uuid;
    shown bigint;
BEGIN
    PERFORM budget.enter(tenant, context);
    IF args ->> 'view' = 'tree' THEN
        RETURN ROW(NULL, budget.budget_tree(args), NULL)::budget.reply;
    END IF;
    WITH matching AS MATERIALIZED (
        SELECT b.budget_id FROM budget.budget b
        WHERE b.tenant_id = budget.tenant()
          AND (args ->> 'is_active' = 'any' OR b.is_active = coalesce(args ->> 'is_active', 'true')::boolean)
          AND (args ->> 'owner' IS NULL OR b.owner = args ->> 'owner')
          AND (args ->> 'name' IS NULL OR lower(b.name) = lower(args ->> 'name'))
          AND (args ->> 'parent_id' IS NULL OR b.parent_id = (args ->> 'parent_id')::uuid)),
    on_page AS MATERIALIZED (
        SELECT m.budget_id FROM matching m WHERE below IS NULL OR m.budget_id < below
        ORDER BY m.budget_id DESC LIMIT per_page OFFSET CASE WHEN below IS NULL THEN (page - 1)::bigint * per_page
            ELSE 0 END)
    SELECT (SELECT count(*) FROM (SELECT FROM matching LIMIT 10001) c), count(*),
        (array_agg(b.budget_id ORDER BY b.budget_id))[1],
           coalesce(json_agg(budget.budget_json(b) ORDER BY b.budget_id DESC), '[]')
      INTO total, shown, last, items
      FROM on_page o JOIN budget.budget b ON b.tenant_id = budget.tenant() AND b.budget_id = o.budget_id;
    RETURN ROW(NULL, json_build_object('items', items, 'total', CASE WHEN total <= 10000 THEN total END, 'page', page,
        'limit', per_page,
        'next_cursor', CASE WHEN shown = per_page THEN budget.cursor_encode(last::text) END), NULL)::budget.reply;
END $$;

-- The tree below parent_id, else from the root: {"items": [budget with children: […]], "total"}. Oldest child first.
CREATE OR REPLACE FUNCTION budget.budget_tree(args jsonb) RETURNS json LANGUAGE plpgsql STABLE AS $$
DECLARE
    top budget.budget := budget.budget_find(coalesce((args ->> 'parent_id')::uuid, budget.budget_default()),
        '?parent_id');
    size bigint;
BEGIN
    SELECT count(*) INTO size FROM budget.budget b WHERE b.tenant_id = budget.tenant()
        AND b.path @> ARRAY[top.budget_id] AND b.is_active;
    IF size > 5000 THEN
        PERFORM budget.fail(422, 'tree_too_large', '?parent_id', format(
            'That tree has %s budgets, more than 5000: ask for a branch with parent_id, or for the plain list.', size));
    END IF;
    RETURN json_build_object('items', json_build_array(budget.budget_branch(top)), 'total', size, 'page', 1,
        'limit', size, 'next_cursor', NULL);
END $$;

CREATE OR REPLACE FUNCTION budget.budget_branch(top budget.budget) RETURNS json LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN json_build_object('budget_id', top.budget_id, 'name', top.name, 'owner', top.owner,
        'parent_id', top.parent_id,
        'depth', cardinality(top.path), 'is_active', top.is_active, 'reach', top.reach,
        'policies', (SELECT coalesce(json_agg(budget.policy_json(p, top.currency) ORDER BY p.policy_id), '[]')
        FROM budget.policy p
                     WHERE p.tenant_id = top.tenant_id AND p.budget_id = top.budget_id AND p.enabled),
        'children', (SELECT coalesce(json_agg(budget.budget_branch(b) ORDER BY b.budget_id), '[]') FROM budget.budget b
                     WHERE b.tenant_id = budget.tenant() AND b.parent_id = top.budget_id AND b.is_active));
END $$;
