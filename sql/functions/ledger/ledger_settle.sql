-- Facts on holds, in order of arrival: records consume, final ones resolve, releases act. Also gives
-- every record the instant it is charged at and the cause of what no hold covered. In memory only; ledger_write()
-- stores it.
CREATE OR REPLACE FUNCTION budget.ledger_settle(p_items budget.ledger_item[], INOUT outcomes budget.ledger_outcome[],
    INOUT holds budget.hold[], p_t timestamptz) LANGUAGE plpgsql AS $$
DECLARE
    item budget.ledger_item;
    ids uuid[] := ARRAY(SELECT h.hold_id FROM unnest(holds) h);
    k integer;
    step record;
BEGIN
    FOREACH item IN ARRAY p_items LOOP
        CONTINUE WHEN (outcomes[item.n]).status IS NOT NULL OR item.verb = 'reserve';
        k := array_position(ids, item.hold_id);
        IF k IS NULL OR (item.verb = 'record' AND (holds[k]).kind = 'slice') THEN -- a slice is its child's, not a call's
            outcomes[item.n] := budget.ledger_unheld(item, outcomes[item.n], p_t);
        ELSIF item.verb = 'record' THEN
            SELECT s.outcome, s.hold INTO step FROM budget.ledger_consume(item, outcomes[item.n], holds[k], p_t) s;
            outcomes[item.n] := step.outcome;
            outcomes[item.n].hold_at := k;
            holds[k] := step.hold;
        ELSIF item.verb = 'release' THEN
            SELECT s.outcome, s.hold INTO step FROM budget.ledger_release(outcomes[item.n], holds[k], p_t) s;
            outcomes[item.n] := step.outcome;
            outcomes[item.n].hold_at := k;
            holds[k] := step.hold;
        END IF;
    END LOOP;
END $$;

-- A record without a hold is charged at its own time; a release or extend without one is 404. Allocations that were
-- granted while the database was away (fail_mode open) have no row; their ids end as cgi-bin/degraded.c marks them.
CREATE OR REPLACE FUNCTION budget.ledger_unheld(item budget.ledger_item, outcome budget.ledger_outcome, p_t timestamptz)
RETURNS budget.ledger_outcome LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    IF item.verb <> 'record' THEN
        outcome.status := 404;
        outcome.code := 'allocation_not_found';
        outcome.pointer := '';
        outcome.detail := 'There is no allocation with this id.';
        RETURN outcome;
    END IF;
    outcome.charged_at := coalesce(item.occurred_at, p_t);
    outcome.cause := CASE WHEN item.hold_id IS NULL THEN 'unheld'
        WHEN item.hold_id::text LIKE '%de64aded' THEN 'degraded' ELSE 'hold_unknown' END;
    IF outcome.cause = 'hold_unknown' THEN
        outcome.flags := outcome.flags || 'hold_unknown'::text;
    END IF;
    RETURN outcome;
END $$;

-- A record takes from its hold what is left there; the rest is overage. A resolved or expired hold covers nothing.
CREATE OR REPLACE FUNCTION budget.ledger_consume(item budget.ledger_item, INOUT outcome budget.ledger_outcome,
    INOUT hold budget.hold,
    p_t timestamptz) LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    amount numeric := coalesce(item.cost, item.ceiling_cost, 0);
BEGIN
    outcome.charged_at := greatest(coalesce(item.occurred_at, p_t), coalesce(hold.admitted_at, hold.created_at));
    IF hold.state = 'live' AND hold.expires_at <= p_t THEN
        hold := budget.ledger_end_hold(hold, 'expired', hold.expires_at);
    END IF;
    IF hold.state <> 'live' THEN
        outcome.cause := 'late';
        outcome.flags := outcome.flags || ('hold_' || hold.state);
        RETURN;
    END IF;
    outcome.consumed_tokens := least(item.total_tokens, hold.left_tokens);
    outcome.consumed_cost := least(amount, hold.left_cost);
    hold.left_tokens := hold.left_tokens - outcome.consumed_tokens;
    hold.left_cost := hold.left_cost - outcome.consumed_cost;
    hold.used_tokens := hold.used_tokens + item.total_tokens;
    hold.used_output_tokens := hold.used_output_tokens + coalesce((item.usage).output_tokens,
        0) + coalesce((item.usage).reasoning_tokens, 0)
        + coalesce((item.usage).output_audio_tokens, 0) + coalesce((item.usage).output_image_tokens, 0);
    hold.used_input_tokens := hold.used_tokens - hold.used_output_tokens;
    hold.actual_cost := hold.actual_cost + amount;
    hold.overage_tokens := hold.overage_tokens + item.total_tokens - outcome.consumed_tokens;
    hold.overage_cost := hold.overage_cost + amount - outcome.consumed_cost;
    outcome.cause := CASE WHEN amount > outcome.consumed_cost
        OR item.total_tokens > outcome.consumed_tokens THEN 'overage' ELSE 'held' END;
    IF coalesce(item.is_final, hold.is_final) OR (hold.left_tokens = 0 AND hold.left_cost = 0) THEN
        hold := budget.ledger_end_hold(hold, 'settled', p_t);
    END IF;
END $$;

CREATE OR REPLACE FUNCTION budget.ledger_end_hold(hold budget.hold, p_state text, at timestamptz) RETURNS budget.hold
LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    hold.state := p_state;
    hold.resolved_at := at;
    hold.left_tokens := 0;
    hold.left_cost := 0;
    RETURN hold;
END $$;

-- Release, which is idempotent: on a hold that is already resolved the answer says which act came first.
CREATE OR REPLACE FUNCTION budget.ledger_release(INOUT outcome budget.ledger_outcome, INOUT hold budget.hold,
    p_t timestamptz) LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    IF hold.kind = 'slice' THEN
        outcome.status := 409;
        outcome.code := 'allocation_is_slice';
        outcome.pointer := '';
        outcome.detail := 'This is a slice delegated to another budget: close that budget to return it.';
        RETURN;
    END IF;
    outcome.entity_id := hold.hold_id;
    outcome.released_tokens := 0;
    outcome.released_cost := 0;
    IF hold.state = 'live' AND hold.expires_at <= p_t THEN
        hold := budget.ledger_end_hold(hold, 'expired', hold.expires_at);
    END IF;
    IF hold.state = 'live' THEN
        outcome.released_tokens := hold.left_tokens;
        outcome.released_cost := hold.left_cost;
        hold := budget.ledger_end_hold(hold, 'released', p_t);
    END IF;
END $$;
