-- Stores what became of holds that the group touched (locked by ledger_lock_holds).
CREATE OR REPLACE FUNCTION budget.ledger_write_holds(p_tenant uuid, after budget.hold[])
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    UPDATE budget.hold h
       SET state = a.state, left_tokens = a.left_tokens, left_cost = a.left_cost, used_tokens = a.used_tokens,
           used_input_tokens = a.used_input_tokens, used_output_tokens = a.used_output_tokens,
           actual_cost = a.actual_cost, overage_tokens = a.overage_tokens, overage_cost = a.overage_cost,
           expires_at = a.expires_at, resolved_at = a.resolved_at
      FROM unnest(after) a
     WHERE h.tenant_id = p_tenant AND h.hold_id = a.hold_id
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
BEGIN
    UPDATE budget.policy_state st
       SET held_cost = s.held_cost, held_tokens = s.held_tokens, window_floor = s.window_floor,
           window_cost = s.window_cost, window_tokens = s.window_tokens, last_t = p_t, touched_at = p_t
      FROM unnest(p_slots) s
     WHERE st.tenant_id = p_tenant AND st.revision = s.revision AND st.scope = s.scope;
    IF cardinality(p_postings) > 0 THEN
        PERFORM budget.ledger_count(p_tenant, p_slots, p_postings);
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
CREATE OR REPLACE FUNCTION budget.ledger_count(p_tenant uuid, p_slots budget.ledger_slot[],
    p_postings budget.ledger_posting[])
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    c record;
BEGIN
    FOR c IN
        WITH counted AS (
            INSERT INTO budget.counter AS k (tenant_id, revision, scope, period_start, spent_cost, spent_tokens,
                ceiling_cost, records)
            SELECT p_tenant, p.revision, p.scope, p.period_start, p.cost, p.tokens, p.ceiling, p.records
              FROM unnest(p_postings) p ORDER BY p.revision, p.scope, p.period_start
                ON CONFLICT (tenant_id, revision, scope, period_start) DO UPDATE
               SET spent_cost = k.spent_cost + excluded.spent_cost,
                   spent_tokens = k.spent_tokens + excluded.spent_tokens,
                   ceiling_cost = k.ceiling_cost + excluded.ceiling_cost, records = k.records + excluded.records
            RETURNING k.revision, k.scope, k.period_start, k.spent_cost + k.ceiling_cost AS cost,
                k.spent_tokens AS tokens)
        SELECT s, k.period_start, a.cost_after, a.cost_after - p.cost - p.ceiling AS cost_before, a.tokens_after,
            a.tokens_after - p.tokens AS tokens_before
          FROM counted k
          JOIN unnest(p_postings) p ON p.revision = k.revision AND p.scope = k.scope AND p.period_start = k.period_start
          JOIN unnest(p_slots) s ON s.revision = k.revision AND s.scope = k.scope AND s.is_active AND s.type <> 'ignore'
         CROSS JOIN LATERAL (SELECT CASE s.period WHEN 'rolling' THEN s.window_cost ELSE k.cost END AS cost_after,
                                    CASE s.period WHEN 'rolling' THEN s.window_tokens
                                        ELSE k.tokens END AS tokens_after) a
         -- A limit of 0 is crossed by the first amount above it (greatest): alert_cross() looks closer.
         WHERE EXISTS (SELECT FROM unnest(ARRAY[s.warning_threshold, s.action_threshold, 1]) level
                        WHERE (a.cost_after >= level * s.cost_limit
                            AND a.cost_after - p.cost - p.ceiling < greatest(level * s.cost_limit, 1e-30))
                           OR (a.tokens_after >= level * s.token_limit
                               AND a.tokens_after - p.tokens < greatest(level * s.token_limit, 1)))
    LOOP
        PERFORM budget.alert_cross(p_tenant, (c.s).revision, (c.s).scope, c.period_start,
            (budget.period_bounds((c.s).period, (c.s).time_zone, (c.s).week_start, (c.s).month_reset_day,
                (c.s).window_seconds, c.period_start)).period_end,
            c.cost_before, c.cost_after, c.tokens_before, c.tokens_after);
    END LOOP;
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
