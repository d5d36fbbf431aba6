-- Stores what became of holds that the group touched (locked by ledger_lock_holds). Found by key, then updated by place:
-- a join by key, or ANY, is planned as a scan of the tenant's holds while a partition is new and without statistics.
CREATE OR REPLACE FUNCTION budget.ledger_write_holds(p_tenant uuid, after budget.hold[])
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    UPDATE budget.hold h
       SET state = a.state, left_tokens = a.left_tokens, left_cost = a.left_cost, used_tokens = a.used_tokens,
           used_input_tokens = a.used_input_tokens, used_output_tokens = a.used_output_tokens,
           actual_cost = a.actual_cost, overage_tokens = a.overage_tokens, overage_cost = a.overage_cost,
           expires_at = a.expires_at, resolved_at = a.resolved_at
      FROM unnest(after) a
     CROSS JOIN LATERAL (SELECT x.tableoid AS part, x.ctid AS place FROM budget.hold x
           WHERE x.tenant_id = p_tenant AND x.hold_id = a.hold_id LIMIT 1) at
     WHERE h.tableoid = at.part AND h.ctid = at.place AND h.tenant_id = p_tenant
       AND (h.state, h.left_tokens, h.left_cost, h.used_tokens, h.actual_cost, h.expires_at)
           IS DISTINCT FROM (a.state, a.left_tokens, a.left_cost, a.used_tokens, a.actual_cost, a.expires_at);
END $$;

-- Everything else the group changes, in lock order: policy states, counters (and the alerts they cross), records,
-- holds. p_added: the holds that were admitted.
CREATE OR REPLACE FUNCTION budget.ledger_write(p_tenant uuid, p_items budget.ledger_item[],
    p_outcomes budget.ledger_outcome[],
    p_slots budget.ledger_slot[], p_postings budget.ledger_posting[], p_added budget.hold[],
    p_flags budget.ledger_flags, p_t timestamptz) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    wanted integer := 0;
    is_stateful boolean := p_flags.has_reserve OR p_flags.has_hold;
    slot budget.ledger_slot;
BEGIN
    IF NOT is_stateful THEN -- plain records decide nothing by t and change nothing that is held
        FOREACH slot IN ARRAY coalesce(p_slots, '{}') LOOP
            is_stateful := is_stateful OR slot.period IN ('rolling', 'per_session', 'per_task');
        END LOOP;
    END IF;
    IF is_stateful THEN
        UPDATE budget.policy_state st
           SET held_cost = s.held_cost, held_tokens = s.held_tokens, window_floor = s.window_floor,
               window_cost = s.window_cost, window_tokens = s.window_tokens, last_t = p_t, touched_at = p_t
          FROM unnest(p_slots) s
         WHERE st.tenant_id = p_tenant AND st.revision = s.revision AND st.scope = s.scope;
    END IF;
    IF cardinality(p_postings) > 0 THEN
        PERFORM budget.ledger_count(p_tenant, p_slots, p_postings, p_flags.has_reserve);
    END IF;
    IF p_flags.has_record THEN
        IF p_flags.has_repeat THEN -- ids we made ourselves have no twin
            SELECT count(*) INTO wanted FROM unnest(p_items) i
             WHERE i.verb = 'record' AND (p_outcomes[i.n]).status IS NULL;
        END IF;
        PERFORM budget.ledger_insert_records(p_tenant, p_items, p_outcomes, wanted, p_t);
    END IF;
    IF cardinality(p_added) > 0 THEN
        PERFORM budget.ledger_insert_holds(p_added);
    END IF;
END $$;

-- Adds the postings to the counters; what they cross raises its alert in this transaction.
-- p_in_slots: the slots' spent includes the postings already (that of rolling windows always does).
CREATE OR REPLACE FUNCTION budget.ledger_count(p_tenant uuid, p_slots budget.ledger_slot[],
    p_postings budget.ledger_posting[], p_in_slots boolean)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    p budget.ledger_posting;
    s budget.ledger_slot;
    k integer := 1;
    cost numeric;
    tokens bigint;
BEGIN
    INSERT INTO budget.counter AS k (tenant_id, revision, scope, period_start, spent_cost, spent_tokens,
        ceiling_cost, records)
    SELECT p_tenant, x.revision, x.scope, x.period_start, x.cost, x.tokens, x.ceiling, x.records
      FROM unnest(p_postings) x ORDER BY x.revision, x.scope, x.period_start
        ON CONFLICT (tenant_id, revision, scope, period_start) DO UPDATE
       SET spent_cost = k.spent_cost + excluded.spent_cost,
           spent_tokens = k.spent_tokens + excluded.spent_tokens,
           ceiling_cost = k.ceiling_cost + excluded.ceiling_cost, records = k.records + excluded.records;
    FOREACH p IN ARRAY p_postings LOOP -- in the order of the slots, each of which has its own behind one another
        WHILE p_slots[k].revision <> p.revision OR p_slots[k].scope <> p.scope LOOP
            k := k + 1;
        END LOOP;
        s := p_slots[k];
        CONTINUE WHEN NOT s.is_active OR s.type = 'ignore';
        IF p.is_current THEN
            cost := s.spent_cost + CASE WHEN p_in_slots OR s.period = 'rolling' THEN 0 ELSE p.cost + p.ceiling END;
            tokens := s.spent_tokens + CASE WHEN p_in_slots OR s.period = 'rolling' THEN 0 ELSE p.tokens END;
        ELSE -- late usage of a period before
            SELECT c.spent_cost + c.ceiling_cost, c.spent_tokens INTO cost, tokens FROM budget.counter c
             WHERE c.tenant_id = p_tenant AND c.revision = p.revision AND c.scope = p.scope
               AND c.period_start = p.period_start;
        END IF;
        IF cost >= s.warning_threshold * s.cost_limit AND budget.ledger_crosses(s, s.cost_limit,
                cost - p.cost - p.ceiling, cost)
            OR tokens >= s.warning_threshold * s.token_limit AND budget.ledger_crosses(s, s.token_limit,
                tokens - p.tokens, tokens) THEN
            PERFORM budget.alert_cross(p_tenant, s.revision, s.scope, p.period_start,
                (budget.period_bounds(s.period, s.time_zone, s.week_start, s.month_reset_day, s.window_seconds,
                    p.period_start)).period_end, cost - p.cost - p.ceiling, cost, tokens - p.tokens, tokens);
        END IF;
    END LOOP;
END $$;

-- Does going from before to after cross a level of the limit? One of 0 is crossed by the first amount above it
-- (greatest): alert_cross() looks closer.
CREATE OR REPLACE FUNCTION budget.ledger_crosses(slot budget.ledger_slot, size numeric, before numeric, after numeric)
RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    RETURN (after >= slot.warning_threshold * size AND before < slot.warning_threshold * size)
        OR (after >= slot.action_threshold * size AND before < slot.action_threshold * size)
        OR (after >= size AND before < greatest(size, 1e-30));
END $$;

-- Appends the records. A row that is already there means that a twin of a client-made id has just committed: the whole
-- group is run again (40001) and finds the twin when it opens.
CREATE OR REPLACE FUNCTION budget.ledger_insert_records(p_tenant uuid, p_items budget.ledger_item[],
    p_outcomes budget.ledger_outcome[], p_wanted integer, p_t timestamptz) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    written integer;
BEGIN
    INSERT INTO budget.usage_record (tenant_id, record_id, occurred_at, charged_at, received_at,
        shape_id, hold_id, context_id, task_id,
        input_tokens, cache_read_tokens, cache_write_5m_tokens, cache_write_1h_tokens, output_tokens, reasoning_tokens,
        input_audio_tokens, output_audio_tokens, input_image_tokens, output_image_tokens, total_tokens, requests,
            characters, images, seconds,
        output_characters, web_searches,
        pricing_id, input_cost, output_cost, cost, ceiling_cost, reported_cost, consumed_tokens, consumed_cost, cause,
            revisions, flags,
        operation_id, request_id, user_id, key_id, body_hash, metadata, service_tier, raw, booked_at)
    SELECT p_tenant, i.id, coalesce(i.occurred_at, (p_outcomes[i.n]).charged_at), (p_outcomes[i.n]).charged_at,
        i.received_at, i.shape_id, i.hold_id, i.context_id, i.task_id,
        coalesce((i.usage).input_tokens, 0), coalesce((i.usage).cache_read_tokens, 0),
            coalesce((i.usage).cache_write_5m_tokens, 0),
        coalesce((i.usage).cache_write_1h_tokens, 0), coalesce((i.usage).output_tokens, 0),
            coalesce((i.usage).reasoning_tokens, 0),
        coalesce((i.usage).input_audio_tokens, 0), coalesce((i.usage).output_audio_tokens, 0),
            coalesce((i.usage).input_image_tokens, 0),
        coalesce((i.usage).output_image_tokens, 0), i.total_tokens, (i.usage).requests, coalesce((i.usage).characters,
            0),
        coalesce((i.usage).images, 0), coalesce((i.usage).seconds, 0), coalesce((i.usage).output_characters, 0),
            coalesce((i.usage).web_searches, 0),
        CASE WHEN i.cost IS NOT NULL THEN i.pricing_id END, i.input_cost, i.output_cost, i.cost, i.ceiling_cost,
            i.reported_cost,
        (p_outcomes[i.n]).consumed_tokens, (p_outcomes[i.n]).consumed_cost, (p_outcomes[i.n]).cause, i.revisions,
        nullif((p_outcomes[i.n]).flags, '{}'), i.operation_id, i.request_id, i.user_id, i.key_id, i.body_hash,
        i.metadata, i.service_tier, i.raw, p_t
      FROM unnest(p_items) i
     WHERE i.verb = 'record' AND (p_outcomes[i.n]).status IS NULL
     ORDER BY i.id
        ON CONFLICT (tenant_id, record_id) DO NOTHING;
    GET DIAGNOSTICS written = ROW_COUNT;
    IF written < p_wanted THEN
        RAISE serialization_failure USING MESSAGE = 'a record with one of these ids was committed meanwhile';
    END IF;
END $$;

-- The same for the holds that were admitted.
CREATE OR REPLACE FUNCTION budget.ledger_insert_holds(p_added budget.hold[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    written integer;
BEGIN
    INSERT INTO budget.hold SELECT a.* FROM unnest(p_added) a ORDER BY a.hold_id
        ON CONFLICT (tenant_id, hold_id) DO NOTHING;
    GET DIAGNOSTICS written = ROW_COUNT;
    IF written < cardinality(p_added) THEN
        RAISE serialization_failure USING MESSAGE = 'a hold with one of these ids was committed meanwhile';
    END IF;
END $$;

-- The rows of the holds that were admitted, and for each outcome the place of its own.
CREATE OR REPLACE FUNCTION budget.ledger_admitted(p_tenant uuid, p_items budget.ledger_item[],
    INOUT outcomes budget.ledger_outcome[], p_t timestamptz, OUT added budget.hold[]) LANGUAGE plpgsql AS $$
DECLARE
    check_life interval := make_interval(secs => budget.setting_value('hold_ttl_check_seconds')::integer);
    allocation_life interval := make_interval(secs => budget.setting_value('hold_ttl_allocation_seconds')::integer);
    numbers integer[];
BEGIN
    SELECT array_agg(i.n ORDER BY i.n), array_agg(ROW(p_tenant, i.id, i.kind, 'live', i.shape_id, i.budget_id,
               i.context_id, i.task_id, coalesce(i.priority, 5), i.revisions, i.hold_tokens, i.hold_cost,
               i.estimated_cost, i.hold_tokens, i.hold_cost, 0, 0, 0, 0, 0, 0, i.is_priced,
               coalesce(i.is_final, i.kind = 'check'), i.pricing_id, p_t,
               least(p_t + CASE WHEN i.ttl_seconds IS NOT NULL THEN make_interval(secs => i.ttl_seconds)
                   WHEN i.kind = 'check' THEN check_life ELSE allocation_life END, i.ends_by), -- passes over NULL
               NULL, i.key_id, i.body_hash, i.metadata, NULL, i.ends_by)::budget.hold ORDER BY i.n)
      INTO numbers, added
      FROM unnest(p_items) i WHERE i.verb = 'reserve' AND (outcomes[i.n]).status IS NULL;
    added := coalesce(added, '{}');
    FOR k IN 1 .. cardinality(added) LOOP
        outcomes[numbers[k]].hold_at := k;
    END LOOP;
END $$;
