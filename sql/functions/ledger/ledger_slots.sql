-- Scope of a request in a policy: per_session and per_task count each session or task for itself; without an id all
-- share the scope '', so that leaving it out is no escape. Inlines.
CREATE OR REPLACE FUNCTION budget.scope_of(period text, context_id text, task_id text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE period WHEN 'per_session' THEN coalesce(context_id, '') WHEN 'per_task' THEN coalesce(task_id, '')
        ELSE '' END
$$;

-- First bucket that still counts in a rolling window ending at `at`: the one in which the window begins, so the window
-- is never shorter than asked. Buckets are window/300, at least a minute (budget.period_bounds).
CREATE OR REPLACE FUNCTION budget.window_floor(window_seconds integer, at timestamptz) RETURNS timestamptz
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (SELECT b.period_start FROM budget.period_bounds('rolling', 'UTC', 1::smallint, 1::smallint, window_seconds,
                                                            at - make_interval(secs => window_seconds)) b);
END $$;

-- The policy states of a group as of instant p_t: limits, what is held, what is spent in the current period.
-- Rolling windows: the running sum of policy_state less the buckets that have fallen out since window_floor.
-- STABLE, as ledger_slack() is: all of it is one snapshot, the caller's; behind the locks that is a new one for each call.
CREATE OR REPLACE FUNCTION budget.ledger_slots(p_tenant uuid, p_revisions integer[], p_scopes text[], p_t timestamptz)
RETURNS budget.ledger_slot[] LANGUAGE plpgsql STABLE AS $$
DECLARE
    slots budget.ledger_slot[];
    k integer;
    fallen record;
    floor_now timestamptz;
BEGIN
    SELECT array_agg(ROW(w.revision, w.scope, p.policy_id, p.type, r.period, r.window_seconds, r.time_zone,
        r.week_start, r.month_reset_day,
               p.enabled AND p.revision = r.revision AND p_t >= coalesce(p.start_date, '-infinity')
                   AND p_t < coalesce(p.end_date, 'infinity'),
               CASE WHEN p.ends_at <= p_t AND p.cost_limit > 0 THEN 0 ELSE p.cost_limit END, -- a slice that has ended
               CASE WHEN p.ends_at <= p_t AND p.token_limit > 0 THEN 0 ELSE p.token_limit END, p.warning_threshold, p.action_threshold, b.period_start, b.period_end,
               coalesce(st.held_cost, 0), coalesce(st.held_tokens, 0),
               coalesce(c.spent_cost + c.ceiling_cost, 0), coalesce(c.spent_tokens, 0), 0, 0, 0, 0, false,
               st.window_floor, coalesce(st.window_cost, 0), coalesce(st.window_tokens, 0),
               r.budget_id)::budget.ledger_slot ORDER BY w.revision, w.scope)
      INTO slots
      FROM unnest(p_revisions, p_scopes) AS w (revision, scope)
     CROSS JOIN LATERAL (SELECT x.* FROM budget.policy_revision x WHERE x.tenant_id = p_tenant
           AND x.revision = w.revision LIMIT 1) r
     CROSS JOIN LATERAL (SELECT x.* FROM budget.policy x WHERE x.tenant_id = p_tenant AND x.policy_id = r.policy_id
           LIMIT 1) p
     CROSS JOIN LATERAL budget.period_bounds(r.period, r.time_zone, r.week_start, r.month_reset_day, r.window_seconds,
         p_t) b
      LEFT JOIN LATERAL (SELECT x.* FROM budget.policy_state x WHERE x.tenant_id = p_tenant AND x.revision = w.revision
           AND x.scope = w.scope LIMIT 1) st ON true
      LEFT JOIN LATERAL (SELECT x.* FROM budget.counter x WHERE x.tenant_id = p_tenant AND x.revision = w.revision
           AND x.scope = w.scope AND x.period_start = b.period_start AND r.period <> 'rolling' LIMIT 1) c ON true;
    FOR k IN 1 .. coalesce(cardinality(slots), 0) LOOP
        CONTINUE WHEN slots[k].period <> 'rolling';
        floor_now := budget.window_floor(slots[k].window_seconds, p_t);
        IF slots[k].window_floor IS NULL THEN
            slots[k].window_floor := floor_now;
        ELSIF slots[k].window_floor < floor_now THEN
            SELECT coalesce(sum(c.spent_cost + c.ceiling_cost), 0) AS cost, coalesce(sum(c.spent_tokens),
                0)::bigint AS tokens INTO fallen
              FROM budget.counter c WHERE c.tenant_id = p_tenant AND c.revision = slots[k].revision
                  AND c.scope = slots[k].scope
               AND c.period_start >= slots[k].window_floor AND c.period_start < floor_now;
            slots[k].window_cost := slots[k].window_cost - fallen.cost;
            slots[k].window_tokens := slots[k].window_tokens - fallen.tokens;
            slots[k].window_floor := floor_now;
        ELSIF slots[k].window_floor > floor_now THEN -- the clock ran ahead and was put right: the same, backwards
            SELECT coalesce(sum(c.spent_cost + c.ceiling_cost), 0) AS cost, coalesce(sum(c.spent_tokens),
                0)::bigint AS tokens INTO fallen
              FROM budget.counter c WHERE c.tenant_id = p_tenant AND c.revision = slots[k].revision
                  AND c.scope = slots[k].scope
               AND c.period_start >= floor_now AND c.period_start < slots[k].window_floor;
            slots[k].window_cost := slots[k].window_cost + fallen.cost;
            slots[k].window_tokens := slots[k].window_tokens + fallen.tokens;
            slots[k].window_floor := floor_now;
        END IF;
        slots[k].spent_cost := slots[k].window_cost;
        slots[k].spent_tokens := slots[k].window_tokens;
    END LOOP;
    RETURN slots;
END $$;

-- What a refusal must know and an admission need not: holds that are past their expiry but not swept yet. Read after
-- the slot's row is locked, or as part of a quote.
CREATE OR REPLACE FUNCTION budget.ledger_slack(p_tenant uuid, slot budget.ledger_slot,
    p_t timestamptz) RETURNS budget.ledger_slot
LANGUAGE plpgsql STABLE AS $$
DECLARE
    expired record;
BEGIN
    IF slot.slack_known THEN
        RETURN slot;
    END IF;
    slot.slack_known := true;
    IF slot.held_cost > 0 OR slot.held_tokens > 0 THEN
        IF (SELECT h.expires_at FROM budget.hold h WHERE h.tenant_id = p_tenant AND h.state = 'live'
             ORDER BY h.tenant_id, h.expires_at LIMIT 1) <= p_t THEN
            SELECT coalesce(sum(h.left_cost), 0) AS cost, coalesce(sum(h.left_tokens), 0)::bigint AS tokens INTO expired
              FROM budget.hold h WHERE h.tenant_id = p_tenant AND h.state = 'live' AND h.expires_at <= p_t
               AND slot.revision = ANY (h.revisions) AND budget.scope_of(slot.period, h.context_id,
                   h.task_id) = slot.scope;
            slot.expired_cost := expired.cost;
            slot.expired_tokens := expired.tokens;
        END IF;
    END IF;
    RETURN slot;
END $$;

-- The other thing: headroom that approvals grant on a soft limit, to everybody or to the request's own context.
CREATE OR REPLACE FUNCTION budget.ledger_approve(slot budget.ledger_slot, item budget.ledger_item,
    p_t timestamptz) RETURNS budget.ledger_slot
LANGUAGE plpgsql STABLE AS $$
DECLARE
    approved record;
BEGIN
    IF slot.type = 'soft_limit' THEN
        SELECT a.cost, a.tokens INTO approved
          FROM budget.approval_headroom(slot.revision, coalesce(nullif(slot.scope, ''), item.context_id, ''), p_t) a;
        slot.approved_cost := coalesce(approved.cost, 0);
        slot.approved_tokens := coalesce(approved.tokens, 0);
    END IF;
    RETURN slot;
END $$;

-- Does this much fit? The admission rule itself: spent + held + request <= limit + approvals, in both units.
-- A request of cost 0 passes cost limits where the budget allows free models.
CREATE OR REPLACE FUNCTION budget.ledger_fits(slot budget.ledger_slot, cost numeric, tokens bigint, allow_free boolean,
    OUT cost_fits boolean, OUT tokens_fit boolean) LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    cost_fits := slot.cost_limit IS NULL OR (cost = 0 AND allow_free)
        OR slot.spent_cost + slot.held_cost - slot.expired_cost + cost <= slot.cost_limit + slot.approved_cost;
    tokens_fit := slot.token_limit IS NULL
        OR slot.spent_tokens + slot.held_tokens - slot.expired_tokens + tokens <= slot.token_limit + slot.approved_tokens;
END $$;
