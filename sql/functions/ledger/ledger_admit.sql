-- Takes out of held_* what records consumed and what resolved holds gave back.
CREATE OR REPLACE FUNCTION budget.ledger_return_held(slots budget.ledger_slot[], before budget.hold[],
    after budget.hold[])
RETURNS budget.ledger_slot[] LANGUAGE plpgsql AS $$
DECLARE
    freed record;
BEGIN
    IF cardinality(before) = 0 THEN
        RETURN slots;
    END IF;
    FOR freed IN
        SELECT s.ordinality AS k, sum(f.cost) AS cost, sum(f.tokens)::bigint AS tokens
          FROM generate_subscripts(before, 1) g (n) -- before and after are the same holds in one order
         CROSS JOIN LATERAL (SELECT (before[g.n]).revisions, (before[g.n]).context_id, (before[g.n]).task_id,
               (before[g.n]).left_cost - (after[g.n]).left_cost AS cost,
               (before[g.n]).left_tokens - (after[g.n]).left_tokens AS tokens OFFSET 0) f
          JOIN unnest(slots) WITH ORDINALITY s ON s.revision = ANY (f.revisions)
           AND s.scope = budget.scope_of(s.period, f.context_id, f.task_id)
         GROUP BY 1
    LOOP
        slots[freed.k].held_cost := slots[freed.k].held_cost - freed.cost;
        slots[freed.k].held_tokens := slots[freed.k].held_tokens - freed.tokens;
    END LOOP;
    RETURN slots;
END $$;

-- What the group's records add to each counter: the period of the instant each is charged at.
CREATE OR REPLACE FUNCTION budget.ledger_postings(p_items budget.ledger_item[], p_outcomes budget.ledger_outcome[],
    p_slots budget.ledger_slot[])
RETURNS budget.ledger_posting[] LANGUAGE plpgsql AS $$
DECLARE
    -- Slots are found by place: joining arrays is quadratic. The scope counts only where sessions or tasks are apart.
    places constant integer[] := ARRAY(SELECT s.revision FROM unnest(p_slots) s);
    keys constant text[] := ARRAY(SELECT concat(s.revision, ' ', s.scope) FROM unnest(p_slots) s);
    result budget.ledger_posting[];
BEGIN
    SELECT array_agg(ROW(g.revision, g.scope, g.period_start, g.is_current, g.cost, g.ceiling, g.tokens,
        g.records)::budget.ledger_posting
                     ORDER BY g.revision, g.scope, g.period_start) INTO result
      FROM (SELECT (s.slot).revision, (s.slot).scope, b.period_start,
                   CASE (s.slot).period WHEN 'rolling' THEN b.period_start >= (s.slot).window_floor
                       ELSE b.period_start = (s.slot).period_start END AS is_current,
                   sum(i.cost) AS cost, sum(i.ceiling) AS ceiling, sum(i.tokens)::bigint AS tokens,
                       sum(i.records)::bigint AS records
              FROM (SELECT i.scope_key, (p_outcomes[i.n]).charged_at, min(i.revisions) AS revisions,
                           min(i.context_id) AS context_id, min(i.task_id) AS task_id,
                           sum(coalesce(i.cost, 0)) AS cost, sum(coalesce(i.ceiling_cost, 0)) AS ceiling,
                               sum(i.total_tokens) AS tokens, count(*) AS records
                      FROM unnest(p_items) i
                     WHERE i.verb = 'record' AND (p_outcomes[i.n]).status IS NULL GROUP BY 1, 2) i
             CROSS JOIN LATERAL unnest(i.revisions) AS counted
             CROSS JOIN LATERAL (SELECT array_position(places, counted) AS k OFFSET 0) first
             CROSS JOIN LATERAL (SELECT p_slots[CASE WHEN (p_slots[first.k]).period IN ('per_session', 'per_task')
                   THEN array_position(keys, concat(counted, ' ', budget.scope_of((p_slots[first.k]).period,
                       i.context_id, i.task_id))) ELSE first.k END] AS slot OFFSET 0) s
             CROSS JOIN LATERAL (SELECT CASE WHEN i.charged_at >= (s.slot).period_start
                 AND i.charged_at < (s.slot).period_end THEN (s.slot).period_start
                   ELSE (budget.period_bounds((s.slot).period, (s.slot).time_zone, (s.slot).week_start,
                       (s.slot).month_reset_day, (s.slot).window_seconds, i.charged_at)).period_start
                   END AS period_start) b
             GROUP BY 1, 2, 3, 4) g;
    RETURN coalesce(result, '{}');
END $$;

-- Adds the postings of current periods to what the slots show as spent; needed only where something is admitted behind
-- them, and for rolling windows, whose sum is kept there.
CREATE OR REPLACE FUNCTION budget.ledger_spend(slots budget.ledger_slot[], p_postings budget.ledger_posting[],
    p_all boolean)
RETURNS budget.ledger_slot[] LANGUAGE plpgsql AS $$
DECLARE
    added record;
BEGIN
    FOR added IN
        SELECT s.ordinality AS k, sum(p.cost + p.ceiling) AS cost, sum(p.tokens)::bigint AS tokens
          FROM unnest(p_postings) p JOIN unnest(slots) WITH ORDINALITY s ON s.revision = p.revision
              AND s.scope = p.scope
         WHERE p.is_current AND (p_all OR s.period = 'rolling') GROUP BY 1
    LOOP
        slots[added.k].spent_cost := slots[added.k].spent_cost + added.cost;
        slots[added.k].spent_tokens := slots[added.k].spent_tokens + added.tokens;
        IF slots[added.k].period = 'rolling' THEN
            slots[added.k].window_cost := slots[added.k].window_cost + added.cost;
            slots[added.k].window_tokens := slots[added.k].window_tokens + added.tokens;
        END IF;
    END LOOP;
    RETURN slots;
END $$;

-- Admission. The invariant: spent + held + request <= limit + approvals on every hard and soft policy. All at once where
-- the sum of the requests fits everywhere, as it mostly does; else one by one.
CREATE OR REPLACE FUNCTION budget.ledger_admit(p_tenant uuid, p_items budget.ledger_item[],
    INOUT outcomes budget.ledger_outcome[],
    INOUT slots budget.ledger_slot[], p_t timestamptz) LANGUAGE plpgsql AS $$
DECLARE
    asked record;
    wanted budget.ledger_slot[] := slots;
    fits boolean := true;
BEGIN
    FOR asked IN
        SELECT s.ordinality AS k, sum(g.cost) AS cost, sum(g.tokens)::bigint AS tokens
          FROM (SELECT i.scope_key, min(i.revisions) AS revisions, min(i.context_id) AS context_id,
                       min(i.task_id) AS task_id, sum(i.hold_cost) AS cost, sum(i.hold_tokens) AS tokens
                  FROM unnest(p_items) i WHERE i.verb = 'reserve' AND (outcomes[i.n]).status IS NULL GROUP BY 1) g
          JOIN unnest(slots) WITH ORDINALITY s ON s.revision = ANY (g.revisions)
           AND s.scope = budget.scope_of(s.period, g.context_id, g.task_id)
         GROUP BY 1
    LOOP
        fits := NOT wanted[asked.k].is_active OR wanted[asked.k].type NOT IN ('hard_limit', 'soft_limit')
            OR (SELECT f.cost_fits AND f.tokens_fit
                  FROM budget.ledger_fits(wanted[asked.k], asked.cost, asked.tokens, false) f);
        EXIT WHEN NOT fits;
        wanted[asked.k].held_cost := wanted[asked.k].held_cost + asked.cost;
        wanted[asked.k].held_tokens := wanted[asked.k].held_tokens + asked.tokens;
    END LOOP;
    IF fits THEN
        slots := wanted;
    ELSE
        SELECT a.outcomes, a.slots INTO outcomes, slots
          FROM budget.ledger_admit_each(p_tenant, p_items, outcomes, slots, p_t) a;
    END IF;
END $$;

-- Greedy, in order of arrival: a big request that does not fit never blocks a small one behind it, and what is freed
-- can be held again at once. Expired holds and approvals are read only when a refusal threatens, once per slot.
CREATE OR REPLACE FUNCTION budget.ledger_admit_each(p_tenant uuid, p_items budget.ledger_item[],
    INOUT outcomes budget.ledger_outcome[],
    INOUT slots budget.ledger_slot[], p_t timestamptz) LANGUAGE plpgsql AS $$
DECLARE
    item budget.ledger_item;
    refused budget.ledger_item[];
    fits boolean;
    k integer;
    mine integer[];
    mine_key text;
BEGIN
    FOREACH item IN ARRAY p_items LOOP
        CONTINUE WHEN item.verb <> 'reserve' OR (outcomes[item.n]).status IS NOT NULL;
        IF item.scope_key IS DISTINCT FROM mine_key THEN
            mine_key := item.scope_key;
            mine := ARRAY(SELECT s.ordinality FROM unnest(slots) WITH ORDINALITY s
                           WHERE s.revision = ANY (item.revisions) AND s.scope = budget.scope_of(s.period,
                               item.context_id, item.task_id));
        END IF;
        fits := true;
        FOREACH k IN ARRAY mine LOOP
            CONTINUE WHEN NOT slots[k].is_active OR slots[k].type NOT IN ('hard_limit', 'soft_limit');
            slots[k].approved_cost := 0; -- of the request before, perhaps of another context
            slots[k].approved_tokens := 0;
            SELECT f.cost_fits AND f.tokens_fit INTO fits FROM budget.ledger_fits(slots[k], item.hold_cost,
                item.hold_tokens, item.allow_free) f;
            IF NOT fits THEN
                slots[k] := budget.ledger_approve(budget.ledger_slack(p_tenant, slots[k], p_t), item, p_t);
                SELECT f.cost_fits AND f.tokens_fit INTO fits FROM budget.ledger_fits(slots[k], item.hold_cost,
                    item.hold_tokens, item.allow_free) f;
            END IF;
            EXIT WHEN NOT fits;
        END LOOP;
        IF NOT fits THEN
            refused := refused || item;
            CONTINUE;
        END IF;
        FOREACH k IN ARRAY mine LOOP
            slots[k].held_cost := slots[k].held_cost + item.hold_cost;
            slots[k].held_tokens := slots[k].held_tokens + item.hold_tokens;
        END LOOP;
    END LOOP;
    IF refused IS NOT NULL THEN
        outcomes := budget.ledger_refuse_late(p_tenant, refused, outcomes, slots, p_t);
    END IF;
END $$;

-- The decisions that reserves of check are answered with: as things stand before any of the group is admitted.
CREATE OR REPLACE FUNCTION budget.ledger_quote(p_tenant uuid, p_items budget.ledger_item[],
    outcomes budget.ledger_outcome[], slots budget.ledger_slot[], p_t timestamptz)
RETURNS budget.ledger_outcome[] LANGUAGE plpgsql AS $$
DECLARE
    quote record;
BEGIN
    FOR quote IN SELECT d.n, d.body FROM budget.ledger_decide(p_tenant, ARRAY(SELECT i FROM unnest(p_items) i
        WHERE i.verb = 'reserve' AND i.kind = 'check' AND (outcomes[i.n]).status IS NULL), slots, p_t, false) d LOOP
        outcomes[quote.n].extra := quote.body;
    END LOOP;
    RETURN outcomes;
END $$;

-- Closes what admission refused behind the locks, and gives back the keys it had claimed: a refusal binds no key.
CREATE OR REPLACE FUNCTION budget.ledger_refuse_late(p_tenant uuid, p_refused budget.ledger_item[],
    p_outcomes budget.ledger_outcome[],
    p_slots budget.ledger_slot[], p_t timestamptz) RETURNS budget.ledger_outcome[] LANGUAGE plpgsql AS $$
DECLARE
    alerts jsonb;
BEGIN
    SELECT r.p_outcomes, r.alerts INTO p_outcomes, alerts
      FROM budget.ledger_refuse(p_tenant, p_refused, p_slots, p_outcomes, p_t) r;
    IF EXISTS (SELECT FROM unnest(p_refused) i WHERE (p_outcomes[i.n]).status IS NULL) THEN
        RAISE serialization_failure USING MESSAGE = 'admission and decision disagree: nothing may be held that is not counted';
    END IF;
    PERFORM budget.ledger_alert_refusals(p_tenant, alerts);
    DELETE FROM budget.request_key k USING unnest(p_refused) i
     WHERE i.key_hash IS NOT NULL AND k.tenant_id = p_tenant AND k.verb = i.verb AND k.key_hash = i.key_hash
         AND k.entity_id = i.id;
    RETURN p_outcomes;
END $$;
