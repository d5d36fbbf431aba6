-- POST /allocations/{id}/extend, behind the facts of the group. A hold that is live at t lives longer, and what it is
-- lowered by is free at once. Whatever has to be held in addition is admitted like a new hold: more than it had, or an
-- expired hold coming back. It keeps its id, and is refused (402, unchanged) when the policies of now leave no room.
-- What is settled or released stays so (409).

-- Locked holds with the policies they would be held on now: an expired one holds nothing, so that policies made since
-- do not name it. Before policy states are locked.
CREATE OR REPLACE FUNCTION budget.ledger_revive(p_tenant uuid, p_items budget.ledger_item[], holds budget.hold[])
RETURNS budget.hold[] LANGUAGE plpgsql AS $$
DECLARE
    named constant uuid[] := ARRAY(SELECT i.hold_id FROM unnest(p_items) i WHERE i.verb = 'extend');
    now record;
BEGIN
    IF cardinality(named) > 0 THEN
        FOR k IN 1 .. cardinality(holds) LOOP
            IF holds[k].state = 'expired' AND holds[k].kind <> 'slice' AND holds[k].hold_id = ANY (named) THEN
                SELECT coalesce(m.held, m.revisions) AS revisions, budget.slices_end(p_tenant, m.slices) AS ends_by
                  INTO now FROM budget.shape s, budget.shape_match(s) m
                 WHERE s.tenant_id = p_tenant AND s.shape_id = holds[k].shape_id;
                holds[k].revisions := now.revisions;
                holds[k].ends_by := now.ends_by;
            END IF;
        END LOOP;
    END IF;
    RETURN holds;
END $$;

-- All extensions of the group, in order of arrival.
CREATE OR REPLACE FUNCTION budget.ledger_extend(p_tenant uuid, p_items budget.ledger_item[],
    INOUT outcomes budget.ledger_outcome[], INOUT holds budget.hold[], INOUT slots budget.ledger_slot[],
    p_t timestamptz) LANGUAGE plpgsql AS $$
DECLARE
    item budget.ledger_item;
    ids uuid[];
    k integer;
    step record;
BEGIN
    FOREACH item IN ARRAY p_items LOOP
        CONTINUE WHEN item.verb <> 'extend' OR (outcomes[item.n]).status IS NOT NULL;
        ids := coalesce(ids, ARRAY(SELECT h.hold_id FROM unnest(holds) h));
        k := array_position(ids, item.hold_id);
        CONTINUE WHEN k IS NULL;
        SELECT * INTO step FROM budget.ledger_extend_one(p_tenant, item, outcomes[item.n], holds[k], slots, p_t);
        outcomes[item.n] := step.outcome;
        outcomes[item.n].hold_at := k;
        holds[k] := step.hold;
        slots := step.slots;
    END LOOP;
END $$;

CREATE OR REPLACE FUNCTION budget.ledger_extend_one(p_tenant uuid, item budget.ledger_item,
    INOUT outcome budget.ledger_outcome, INOUT hold budget.hold, INOUT slots budget.ledger_slot[], p_t timestamptz)
LANGUAGE plpgsql AS $$
DECLARE
    before constant budget.hold := hold;
    wanted budget.hold;
    step record;
BEGIN
    outcome.entity_id := hold.hold_id;
    outcome.released_tokens := 0;
    outcome.released_cost := 0;
    outcome := budget.ledger_extend_door(hold, outcome);
    IF outcome.status IS NOT NULL THEN
        RETURN;
    END IF;
    IF hold.state = 'live' AND hold.expires_at <= p_t THEN -- not swept yet: what it held is free
        wanted := budget.ledger_end_hold(hold, 'expired', hold.expires_at);
        slots := budget.ledger_regrant(p_tenant, hold, wanted, slots);
        hold := wanted;
    END IF;
    wanted := budget.ledger_resize(hold, item, p_t);
    IF wanted.left_cost > hold.left_cost OR wanted.left_tokens > hold.left_tokens OR hold.state <> 'live' THEN
        SELECT * INTO step FROM budget.ledger_extend_admit(p_tenant, hold, wanted, outcome, slots, p_t);
        outcome := step.outcome;
        slots := step.slots;
        IF outcome.status IS NOT NULL THEN
            RETURN;
        END IF;
        wanted.admitted_at := p_t;
    END IF;
    outcome.released_tokens := greatest(hold.left_tokens - wanted.left_tokens, 0);
    outcome.released_cost := greatest(hold.left_cost - wanted.left_cost, 0);
    slots := budget.ledger_regrant(p_tenant, hold, wanted, slots);
    PERFORM budget.ledger_extend_log(before, wanted, hold.state = 'live', p_t);
    hold := wanted;
END $$;

-- The log of extensions: with it the log of holds and records can be replayed.
CREATE OR REPLACE FUNCTION budget.ledger_extend_log(had budget.hold, has budget.hold, was_live boolean, p_t timestamptz)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO budget.hold_extension AS e (tenant_id, hold_id, at, expires_before, expires_after, was_live,
        added_tokens, added_cost, revisions)
    VALUES (has.tenant_id, has.hold_id, p_t, had.expires_at, has.expires_at, was_live, has.tokens - had.tokens,
        has.cost - had.cost, has.revisions)
        ON CONFLICT (tenant_id, hold_id, at) DO UPDATE -- extended twice by one group
       SET expires_after = excluded.expires_after, added_tokens = e.added_tokens + excluded.added_tokens,
           added_cost = e.added_cost + excluded.added_cost;
END $$;

-- What cannot be extended whatever it asks for.
CREATE OR REPLACE FUNCTION budget.ledger_extend_door(hold budget.hold, outcome budget.ledger_outcome)
RETURNS budget.ledger_outcome LANGUAGE plpgsql STABLE AS $$
BEGIN
    outcome.pointer := '';
    IF hold.kind = 'slice' THEN
        outcome.status := 409;
        outcome.code := 'allocation_is_slice';
        outcome.detail := 'This is a slice delegated to another budget: close that budget to return it.';
    ELSIF hold.state IN ('settled', 'released') THEN
        outcome.status := 409;
        outcome.code := 'allocation_' || hold.state;
        outcome.detail := format('This allocation was %s at %s: make a new one.', hold.state,
            budget.utc(hold.resolved_at));
    ELSIF hold.state = 'expired' AND NOT (SELECT b.is_active FROM budget.budget b WHERE b.tenant_id = hold.tenant_id
            AND b.budget_id = hold.budget_id) THEN
        outcome.status := 409;
        outcome.code := 'budget_inactive';
        outcome.detail := 'This allocation has expired and its budget is retired: nothing is held on it any more.';
    END IF;
    RETURN outcome;
END $$;

-- The hold as the extension wants it: totals as named, never below what was used of it; a later end. Money follows
-- tokens at the price it was held at, unless it is named too.
CREATE OR REPLACE FUNCTION budget.ledger_resize(hold budget.hold, item budget.ledger_item, p_t timestamptz)
RETURNS budget.hold LANGUAGE plpgsql STABLE AS $$
DECLARE
    taken_tokens constant bigint := hold.used_tokens - hold.overage_tokens;
    taken_cost constant numeric := hold.actual_cost - hold.overage_cost;
    was_live constant boolean := hold.state = 'live';
    cost numeric := item.hold_cost;
BEGIN
    IF item.hold_tokens <> hold.tokens AND cost IS NULL THEN
        cost := hold.cost + budget.hold_price(hold, item.hold_tokens) - budget.hold_price(hold, hold.tokens);
    END IF;
    hold.tokens := greatest(coalesce(item.hold_tokens, hold.tokens), taken_tokens);
    hold.cost := greatest(coalesce(cost, hold.cost), taken_cost);
    hold.left_tokens := hold.tokens - taken_tokens;
    hold.left_cost := hold.cost - taken_cost;
    hold.state := 'live';
    hold.resolved_at := NULL;
    hold.expires_at := least(greatest(CASE WHEN was_live THEN hold.expires_at END, -- greatest() and least() pass over NULL
        p_t + make_interval(secs => coalesce(item.ttl_seconds, CASE WHEN NOT was_live THEN budget.setting_value(
            CASE hold.kind WHEN 'check' THEN 'hold_ttl_check_seconds' ELSE 'hold_ttl_allocation_seconds' END)::integer
            END))), hold.ends_by);
    RETURN hold;
END $$;

-- What so many tokens of a hold's model hold in money.
CREATE OR REPLACE FUNCTION budget.hold_price(hold budget.hold, tokens bigint) RETURNS numeric LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (SELECT (budget.ledger_ask(p, s.provider, b.hold_basis, tokens, NULL, NULL, NULL, NULL)).hold_cost
        FROM budget.shape s
        JOIN budget.budget b ON b.tenant_id = s.tenant_id AND b.budget_id = s.budget_id
        LEFT JOIN budget.price p ON p.pricing_id = hold.pricing_id
            AND p.tenant_id IN (hold.tenant_id, budget.catalogue_tenant())
        WHERE s.tenant_id = hold.tenant_id AND s.shape_id = hold.shape_id);
END $$;

-- Admission of what the hold wants beyond what it has, by the rule and with the refusal of any other hold.
CREATE OR REPLACE FUNCTION budget.ledger_extend_admit(p_tenant uuid, hold budget.hold, wanted budget.hold,
    INOUT outcome budget.ledger_outcome, INOUT slots budget.ledger_slot[], p_t timestamptz) LANGUAGE plpgsql AS $$
DECLARE
    ask budget.ledger_item;
    outcomes budget.ledger_outcome[];
    alerts jsonb;
BEGIN
    ask.n := 1;
    ask.verb := 'reserve';
    ask.scope_key := 'extend';
    ask.context_id := hold.context_id;
    ask.task_id := hold.task_id;
    ask.budget_id := hold.budget_id;
    ask.shape_id := hold.shape_id;
    ask.revisions := hold.revisions;
    ask.hold_tokens := greatest(wanted.left_tokens - hold.left_tokens, 0);
    ask.hold_cost := greatest(wanted.left_cost - hold.left_cost, 0);
    ask.estimated_cost := ask.hold_cost;
    ask.is_priced := hold.is_priced;
    ask.pricing_id := hold.pricing_id;
    ask.allow_free := (SELECT b.allow_free_models FROM budget.budget b WHERE b.tenant_id = p_tenant
        AND b.budget_id = hold.budget_id);
    SELECT p.price_provider, p.price_model INTO ask.tokens_fit_provider, ask.tokens_fit_model
      FROM budget.shape_plan p WHERE p.tenant_id = p_tenant AND p.shape_id = hold.shape_id LIMIT 1;
    SELECT r.p_outcomes, r.alerts INTO outcomes, alerts
      FROM budget.ledger_refuse(p_tenant, ARRAY[ask], slots, ARRAY[outcome], p_t) r;
    PERFORM budget.ledger_alert_refusals(p_tenant, alerts);
    outcome := outcomes[1];
END $$;

-- Stores the hold and moves what its policies hold with it: from what it had left to what it has now.
CREATE OR REPLACE FUNCTION budget.ledger_regrant(p_tenant uuid, had budget.hold, has budget.hold,
    slots budget.ledger_slot[]) RETURNS budget.ledger_slot[] LANGUAGE plpgsql AS $$
BEGIN
    FOR k IN 1 .. coalesce(cardinality(slots), 0) LOOP
        CONTINUE WHEN NOT slots[k].revision = ANY (has.revisions)
            OR slots[k].scope <> budget.scope_of(slots[k].period, has.context_id, has.task_id);
        slots[k].held_cost := slots[k].held_cost + has.left_cost - had.left_cost;
        slots[k].held_tokens := slots[k].held_tokens + has.left_tokens - had.left_tokens;
        slots[k].slack_known := false; -- it may have been among the expired, and no longer is
        slots[k].expired_cost := 0;
        slots[k].expired_tokens := 0;
    END LOOP;
    UPDATE budget.hold h
       SET state = has.state, revisions = has.revisions, tokens = has.tokens, cost = has.cost,
           left_tokens = has.left_tokens, left_cost = has.left_cost, expires_at = has.expires_at,
           resolved_at = has.resolved_at, admitted_at = has.admitted_at, ends_by = has.ends_by
     WHERE h.tenant_id = p_tenant AND h.hold_id = has.hold_id;
    RETURN slots;
END $$;
