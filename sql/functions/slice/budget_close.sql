-- POST /budgets/{id}/close: the budget admits nothing any more, and what is left of its slice is its parent's again.
-- Refused (409) while something is held in it or below it: those calls are still running. Closing again answers the same.
-- What is recorded on it afterwards counts on the budgets above like any usage that nobody held money for.
-- Lock: the epoch exclusively.  Writes: hold, policy_state, and what budget_change() writes.
CREATE OR REPLACE FUNCTION budget.budget_close(tenant uuid, context jsonb, args jsonb) RETURNS budget.reply
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, budget, pg_temp AS $$
DECLARE
    item budget.budget;
    slice budget.hold;
    at timestamptz;
    reply budget.reply;
BEGIN
    PERFORM budget.enter(tenant, context);
    PERFORM budget.epoch_lock(true);
    at := clock_timestamp();
    item := budget.budget_find((args ->> 'id')::uuid);
    PERFORM budget.budget_reach(item.path);
    PERFORM budget.budget_close_allowed(item, at);
    slice := budget.slice_end(item.slice_hold_id, CASE WHEN (budget.slice_of(item, at)).hold_id IS NULL THEN 'expired'
        ELSE 'released' END, at);
    IF item.is_active THEN
        reply := budget.budget_change(item.budget_id, '{"is_active": false}', 'budget.close');
    ELSE
        reply := ROW(NULL, budget.budget_json(item), item.version)::budget.reply;
    END IF;
    reply.body := (reply.body::jsonb || jsonb_build_object(
        'cost_released', budget.decimal(coalesce(slice.left_cost, 0)),
        'tokens_released', coalesce(slice.left_tokens, 0),
        'delegation', (SELECT budget.delegation_json(b, h) FROM budget.budget b JOIN budget.hold h
            ON h.tenant_id = b.tenant_id AND h.hold_id = b.slice_hold_id
            WHERE b.tenant_id = tenant AND b.budget_id = item.budget_id)))::json;
    RETURN reply;
END $$;

CREATE OR REPLACE FUNCTION budget.budget_close_allowed(item budget.budget, at timestamptz) RETURNS void
LANGUAGE plpgsql STABLE AS $$
DECLARE
    live constant uuid[] := ARRAY(SELECT h.hold_id FROM budget.hold h
        JOIN budget.budget b ON b.tenant_id = h.tenant_id AND b.budget_id = h.budget_id AND item.budget_id = ANY (b.path)
        WHERE h.tenant_id = item.tenant_id AND h.state = 'live' AND h.expires_at > at ORDER BY h.hold_id);
BEGIN
    IF item.parent_id IS NULL THEN
        PERFORM budget.fail(409, 'root_budget', '',
            'This is the root of all budgets and stays: change or disable its policies instead.');
    ELSIF cardinality(live) > 0 THEN
        PERFORM budget.fail(409, 'budget_has_holds', '', format(
            '%s allocation(s) are still held in this budget: release or settle them, or let them expire, then close it.',
            cardinality(live)), jsonb_build_object('count', cardinality(live), 'allocation_ids', to_jsonb(live[:20])));
    END IF;
END $$;
