-- Records of a budget that was delegated a slice, or of one below it, take their amount from that slice, whatever holds
-- they have of their own: what its policies held for it is now spent there, never both, never neither. What the slice
-- no longer covers is spent on them like any usage that nobody held money for. Every slice along the path shrinks alike.
-- Writes: slice_use.
CREATE OR REPLACE FUNCTION budget.ledger_shrink(p_tenant uuid, p_items budget.ledger_item[],
    p_shapes budget.ledger_shape[], INOUT outcomes budget.ledger_outcome[], INOUT holds budget.hold[], p_t timestamptz)
LANGUAGE plpgsql AS $$
DECLARE
    item budget.ledger_item;
    slice uuid;
    amount numeric;
    taken_cost numeric;
    taken_tokens bigint;
    k integer;
    ids constant uuid[] := ARRAY(SELECT h.hold_id FROM unnest(holds) h);
    uses budget.slice_use[] := '{}';
BEGIN
    FOREACH item IN ARRAY p_items LOOP
        CONTINUE WHEN item.verb <> 'record' OR (outcomes[item.n]).status IS NOT NULL;
        amount := coalesce(item.cost, item.ceiling_cost, 0);
        FOREACH slice IN ARRAY coalesce((p_shapes[item.shape]).slices, '{}') LOOP
            k := array_position(ids, slice);
            CONTINUE WHEN k IS NULL OR (holds[k]).state <> 'live' OR (holds[k]).expires_at <= p_t;
            taken_cost := least(amount, (holds[k]).left_cost);
            taken_tokens := least(item.total_tokens, (holds[k]).left_tokens);
            holds[k] := budget.ledger_take(holds[k], item, amount, taken_cost, taken_tokens);
            outcomes[item.n].charged_at := greatest((outcomes[item.n]).charged_at, (holds[k]).created_at);
            uses := uses || ROW(p_tenant, slice, item.id, taken_cost, taken_tokens)::budget.slice_use;
        END LOOP;
    END LOOP;
    INSERT INTO budget.slice_use SELECT * FROM unnest(uses) u ORDER BY u.hold_id, u.record_id;
END $$;

CREATE OR REPLACE FUNCTION budget.ledger_take(hold budget.hold, item budget.ledger_item, amount numeric,
    taken_cost numeric, taken_tokens bigint) RETURNS budget.hold LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    output constant bigint := coalesce((item.usage).output_tokens, 0) + coalesce((item.usage).reasoning_tokens, 0)
        + coalesce((item.usage).output_audio_tokens, 0) + coalesce((item.usage).output_image_tokens, 0);
BEGIN
    hold.left_cost := hold.left_cost - taken_cost;
    hold.left_tokens := hold.left_tokens - taken_tokens;
    hold.used_tokens := hold.used_tokens + item.total_tokens;
    hold.used_output_tokens := hold.used_output_tokens + output;
    hold.used_input_tokens := hold.used_tokens - hold.used_output_tokens;
    hold.actual_cost := hold.actual_cost + amount;
    hold.overage_tokens := hold.overage_tokens + item.total_tokens - taken_tokens;
    hold.overage_cost := hold.overage_cost + amount - taken_cost;
    RETURN hold;
END $$;

-- The slices that open records of the group are taken from.
CREATE OR REPLACE FUNCTION budget.ledger_slices(p_items budget.ledger_item[], p_shapes budget.ledger_shape[],
    p_outcomes budget.ledger_outcome[]) RETURNS uuid[] LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    RETURN ARRAY(SELECT DISTINCT slice FROM unnest(p_items) i CROSS JOIN LATERAL unnest((p_shapes[i.shape]).slices) slice
        WHERE i.verb = 'record' AND (p_outcomes[i.n]).status IS NULL);
END $$;
