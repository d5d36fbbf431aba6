-- GET /budgets/{id}/delegations: the slices a budget has given to its children, newest first.
CREATE OR REPLACE FUNCTION budget.delegation_list(tenant uuid, context jsonb, args jsonb) RETURNS budget.reply
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, budget, pg_temp AS $$
DECLARE
    size constant integer := coalesce((args ->> 'limit')::integer, 50);
    page constant integer := coalesce((args ->> 'page')::integer, 1);
    after constant uuid := (budget.cursor_decode(args ->> 'cursor', 1))[1]::uuid;
    giver budget.budget;
    found_ids uuid[];
    total bigint;
BEGIN
    PERFORM budget.enter(tenant, context);
    giver := budget.budget_find((args ->> 'id')::uuid);
    found_ids := ARRAY(SELECT f.id FROM budget.delegations_found(giver, args) f WHERE after IS NULL OR f.id < after
        ORDER BY f.id DESC LIMIT size + 1 OFFSET CASE WHEN after IS NULL THEN (page - 1) * size ELSE 0 END);
    SELECT count(*) INTO total FROM budget.delegations_found(giver, args);
    RETURN ROW(NULL, json_build_object('items', (SELECT coalesce(json_agg(budget.delegation_json(b, h)
        ORDER BY h.hold_id DESC), '[]') FROM budget.budget b
        JOIN budget.hold h ON h.tenant_id = b.tenant_id AND h.hold_id = b.slice_hold_id
        WHERE b.tenant_id = tenant AND h.hold_id = ANY (found_ids[:size])), 'total', total, 'page', page, 'limit', size,
        'next_cursor', CASE WHEN cardinality(found_ids) > size
            THEN budget.cursor_encode(found_ids[size]::text) END), NULL)::budget.reply;
END $$;

CREATE OR REPLACE FUNCTION budget.delegations_found(giver budget.budget, args jsonb) RETURNS TABLE (id uuid)
LANGUAGE sql STABLE AS $$
    SELECT h.hold_id FROM budget.budget b
      JOIN budget.hold h ON h.tenant_id = b.tenant_id AND h.hold_id = b.slice_hold_id
     WHERE b.tenant_id = giver.tenant_id AND b.parent_id = giver.budget_id
       AND (args ->> 'state' IS NULL OR args ->> 'state' = budget.slice_state(h))
$$;

CREATE OR REPLACE FUNCTION budget.slice_state(slice budget.hold) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN slice.state = 'live' AND slice.expires_at <= clock_timestamp() THEN 'expired'
        ELSE slice.state END
$$;

-- A slice as the API shows it: of whom, for whom, how much of it is left. policies: those it stands on; the child's
-- requests count one by one on every other.
CREATE OR REPLACE FUNCTION budget.delegation_json(child budget.budget, slice budget.hold) RETURNS json
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN json_build_object('allocation_id', slice.hold_id, 'parent_id', slice.budget_id,
        'budget_id', child.budget_id, 'budget_name', child.name, 'budget_active', child.is_active,
        'policy_id', (SELECT p.policy_id FROM budget.policy p WHERE p.tenant_id = child.tenant_id
            AND p.budget_id = child.budget_id AND p.slice_hold_id = slice.hold_id),
        'state', budget.slice_state(slice), 'is_active', budget.slice_state(slice) = 'live',
        'currency', child.currency, 'cost', budget.decimal(nullif(slice.cost, 0)), 'tokens', nullif(slice.tokens, 0),
        'cost_used', budget.decimal(slice.actual_cost), 'tokens_used', slice.used_tokens,
        'remaining_cost', CASE WHEN slice.cost > 0 THEN budget.decimal(slice.left_cost) END,
        'remaining_tokens', CASE WHEN slice.tokens > 0 THEN slice.left_tokens END,
        'overage_cost', CASE WHEN slice.cost > 0 THEN budget.decimal(slice.overage_cost) END,
        'overage_tokens', CASE WHEN slice.tokens > 0 THEN slice.overage_tokens END,
        'policies', (SELECT coalesce(json_agg(DISTINCT r.policy_id), '[]') FROM budget.policy_revision r
            WHERE r.tenant_id = slice.tenant_id AND r.revision = ANY (slice.revisions)),
        'created_at', budget.utc(slice.created_at), 'expires_at', budget.utc(nullif(slice.expires_at, 'infinity')),
        'resolved_at', budget.utc(slice.resolved_at));
END $$;
