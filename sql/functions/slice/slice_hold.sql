-- What slices do to holds and to what policies hold. Callers hold the epoch lock exclusively: no group is in flight.

-- Does the slice fit? No row: it does; else the decision that refuses it, as a reserve of that much would get it.
CREATE OR REPLACE FUNCTION budget.delegation_refusal(giver budget.budget, slice budget.hold, args jsonb)
RETURNS TABLE (body text, deciding budget.ledger_slot, deciding_unit text) LANGUAGE plpgsql AS $$
DECLARE
    ask budget.ledger_item;
    seen record;
BEGIN
    ask.n := 1;
    ask.verb := 'reserve';
    ask.scope_key := 'slice';
    ask.budget_id := giver.budget_id;
    ask.shape_id := slice.shape_id;
    ask.revisions := slice.revisions;
    ask.hold_cost := slice.cost;
    ask.hold_tokens := slice.tokens;
    ask.is_priced := true;
    ask.allow_free := true; -- a slice of tokens alone holds no money
    SELECT * INTO seen FROM budget.ledger_slots_of(giver.tenant_id, ARRAY[ask]);
    RETURN QUERY SELECT d.body, d.deciding, d.deciding_unit
        FROM budget.ledger_decide(giver.tenant_id, ARRAY[ask], seen.slots, seen.t, true) d;
END $$;

-- Stores the hold; its policies hold it from now on.
CREATE OR REPLACE FUNCTION budget.slice_hold(slice budget.hold) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO budget.policy_state AS s (tenant_id, revision, scope, held_cost, held_tokens)
    SELECT slice.tenant_id, r, '', slice.left_cost, slice.left_tokens FROM unnest(slice.revisions) r ORDER BY r
        ON CONFLICT (tenant_id, revision, scope) DO UPDATE
       SET held_cost = s.held_cost + excluded.held_cost, held_tokens = s.held_tokens + excluded.held_tokens,
           last_t = greatest(s.last_t, slice.created_at), touched_at = clock_timestamp();
    INSERT INTO budget.hold SELECT slice.*;
END $$;

-- Ends a slice that still lives: what is left of it is free. Returns it as it was before.
CREATE OR REPLACE FUNCTION budget.slice_end(slice_id uuid, p_state text, at timestamptz) RETURNS budget.hold
LANGUAGE plpgsql AS $$
DECLARE
    slice budget.hold := (SELECT h FROM budget.hold h WHERE h.tenant_id = budget.tenant() AND h.hold_id = slice_id);
BEGIN
    IF slice.state = 'live' THEN
        PERFORM FROM budget.hold h WHERE h.tenant_id = slice.tenant_id AND h.hold_id = slice_id FOR NO KEY UPDATE;
        PERFORM budget.holds_free(slice.tenant_id, ARRAY[slice_id], at);
        UPDATE budget.hold h SET state = p_state, resolved_at = least(at, h.expires_at), left_cost = 0, left_tokens = 0
        WHERE h.tenant_id = slice.tenant_id AND h.hold_id = slice_id;
    END IF;
    RETURN slice;
END $$;

-- Live holds of a child that is delegated a slice leave the policies that the slice stands on: it holds for them there.
-- They end with the slice at the latest.
CREATE OR REPLACE FUNCTION budget.slice_adopt(child budget.budget, slice budget.hold) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    ids constant uuid[] := ARRAY(SELECT h.hold_id FROM budget.hold h
        JOIN budget.budget b ON b.tenant_id = h.tenant_id AND b.budget_id = h.budget_id
            AND child.budget_id = ANY (b.path)
        WHERE h.tenant_id = child.tenant_id AND h.state = 'live' ORDER BY h.hold_id);
BEGIN
    UPDATE budget.policy_state s SET held_cost = s.held_cost - w.cost, held_tokens = s.held_tokens - w.tokens
      FROM (SELECT r AS revision, sum(h.left_cost) AS cost, sum(h.left_tokens)::bigint AS tokens
              FROM budget.hold h CROSS JOIN LATERAL unnest(h.revisions) AS r
             WHERE h.tenant_id = child.tenant_id AND h.hold_id = ANY (ids) AND r = ANY (slice.revisions)
             GROUP BY 1) w
     WHERE s.tenant_id = child.tenant_id AND s.revision = w.revision AND s.scope = '';
    UPDATE budget.hold h SET ends_by = least(h.ends_by, nullif(slice.expires_at, 'infinity')),
        expires_at = least(h.expires_at, slice.expires_at),
        revisions = ARRAY(SELECT r FROM unnest(h.revisions) r WHERE r <> ALL (slice.revisions) ORDER BY r)
    WHERE h.tenant_id = child.tenant_id AND h.hold_id = ANY (ids);
END $$;

-- What a named child holds already must fit into its slice.
CREATE OR REPLACE FUNCTION budget.slice_fits_holds(item budget.policy) RETURNS void LANGUAGE plpgsql STABLE AS $$
DECLARE
    state budget.policy_state := (SELECT s FROM budget.policy_state s WHERE s.tenant_id = item.tenant_id
        AND s.revision = item.revision AND s.scope = '');
BEGIN
    IF state.held_cost > item.cost_limit OR state.held_tokens > item.token_limit THEN
        PERFORM budget.fail(409, 'slice_too_small', CASE WHEN state.held_cost > item.cost_limit THEN '/cost'
                ELSE '/tokens' END, format('That budget holds %s and %s tokens already: delegate at least that much.',
            budget.decimal(state.held_cost), state.held_tokens));
    END IF;
END $$;
