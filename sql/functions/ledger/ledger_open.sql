-- Opens the group: items that failed at the door are closed with their error, repeats with the first answer.
-- A repeat is a client-made id, or a key, that already names a record or hold: same body -> replay, other body -> 422.
CREATE OR REPLACE FUNCTION budget.ledger_open(p_tenant uuid, p_items budget.ledger_item[],
    p_shapes budget.ledger_shape[],
    p_flags budget.ledger_flags) RETURNS budget.ledger_outcome[] LANGUAGE plpgsql AS $$
DECLARE
    outcomes budget.ledger_outcome[];
    bad record;
    twin record;
BEGIN
    SELECT array_agg(ROW(i.n, NULL, NULL, NULL, NULL, false, NULL, NULL, 0, 0, NULL, coalesce(i.flags, '{}'), NULL,
        NULL, NULL, NULL)::budget.ledger_outcome
                     ORDER BY i.n) INTO outcomes FROM unnest(p_items) i;
    IF p_flags.has_error THEN
        FOR bad IN SELECT i.n, i.error_code, d.* FROM unnest(p_items) i LEFT JOIN unnest(p_shapes) s ON s.s = i.shape
                    CROSS JOIN LATERAL budget.ledger_door(i.error_code,
                        s.key_budget_id) d WHERE i.error_code IS NOT NULL LOOP
            outcomes[bad.n].status := bad.status;
            outcomes[bad.n].code := bad.error_code;
            outcomes[bad.n].pointer := bad.pointer;
            outcomes[bad.n].detail := bad.detail;
        END LOOP;
    END IF;
    IF p_flags.has_repeat THEN
        FOR twin IN
            SELECT i.n, i.body_hash, coalesce(k.entity_id, r.record_id, h.hold_id) AS entity_id,
                   coalesce(k.body_hash, r.body_hash, h.body_hash) AS first_hash
              FROM unnest(p_items) i -- LATERAL and LIMIT: look-ups by key even in plans made while the tables were empty
              LEFT JOIN LATERAL (SELECT x.entity_id, x.body_hash FROM budget.request_key x WHERE x.tenant_id = p_tenant
                   AND x.verb = i.verb AND x.key_hash = i.key_hash LIMIT 1) k ON true
              LEFT JOIN LATERAL (SELECT x.record_id, x.body_hash FROM budget.usage_record x WHERE x.tenant_id = p_tenant
                   AND x.record_id = i.id AND i.verb = 'record' AND i.key_hash IS NULL LIMIT 1) r ON true
              LEFT JOIN LATERAL (SELECT x.hold_id, x.body_hash FROM budget.hold x WHERE x.tenant_id = p_tenant
                   AND x.hold_id = i.id AND i.verb = 'reserve' AND i.key_hash IS NULL LIMIT 1) h ON true
             WHERE (NOT i.is_fresh OR i.key_hash IS NOT NULL) AND i.verb IN ('record', 'reserve')
               AND coalesce(k.entity_id, r.record_id, h.hold_id) IS NOT NULL
        LOOP
            outcomes[twin.n] := budget.ledger_replay(outcomes[twin.n], twin.entity_id,
                twin.body_hash = twin.first_hash);
        END LOOP;
    END IF;
    RETURN outcomes;
END $$;

CREATE OR REPLACE FUNCTION budget.ledger_replay(outcome budget.ledger_outcome, entity_id uuid, is_same boolean)
RETURNS budget.ledger_outcome LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    IF is_same THEN
        outcome.status := 200;
        outcome.is_replay := true;
        outcome.entity_id := entity_id;
    ELSE
        outcome.status := 422;
        outcome.code := 'idempotency_mismatch';
        outcome.pointer := '';
        outcome.detail := 'This id or Idempotency-Key was used before with another body: send the same body, or a new id.';
    END IF;
    RETURN outcome;
END $$;

-- Claims the keys of what is still open. A twin that commits meanwhile is waited for; then it is a repeat.
CREATE OR REPLACE FUNCTION budget.ledger_keys(p_tenant uuid, p_items budget.ledger_item[],
    p_outcomes budget.ledger_outcome[])
RETURNS budget.ledger_outcome[] LANGUAGE plpgsql AS $$
DECLARE
    claimed integer;
    wanted integer;
    twin record;
BEGIN
    SELECT count(*) INTO wanted FROM unnest(p_items) i WHERE i.key_hash IS NOT NULL
        AND (p_outcomes[i.n]).status IS NULL;
    IF wanted = 0 THEN
        RETURN p_outcomes;
    END IF;
    INSERT INTO budget.request_key (tenant_id, verb, key_hash, body_hash, entity_id)
    SELECT p_tenant, i.verb, i.key_hash, i.body_hash, i.id FROM unnest(p_items) i
     WHERE i.key_hash IS NOT NULL AND (p_outcomes[i.n]).status IS NULL ORDER BY i.verb, i.key_hash
        ON CONFLICT DO NOTHING;
    GET DIAGNOSTICS claimed = ROW_COUNT;
    IF claimed < wanted THEN
        FOR twin IN
            SELECT i.n, i.body_hash, k.entity_id, k.body_hash AS first_hash
              FROM unnest(p_items) i
              JOIN budget.request_key k ON k.tenant_id = p_tenant AND k.verb = i.verb AND k.key_hash = i.key_hash
             WHERE (p_outcomes[i.n]).status IS NULL AND k.entity_id <> i.id
        LOOP
            p_outcomes[twin.n] := budget.ledger_replay(p_outcomes[twin.n], twin.entity_id,
                twin.body_hash = twin.first_hash);
        END LOOP;
    END IF;
    RETURN p_outcomes;
END $$;

-- Refuses, without a lock and without a write, the reserves that one committed snapshot shows not to fit: that is a
-- correct refusal, and it is what a storm of refused calls costs. The first refusal of a period leaves its alert.
-- Not in a group that also brings facts: what they free may be held by the reserves beside them.
-- alerts: for ledger_alert_refusals() at the end of the group, for the group may go on to lock policy states.
CREATE OR REPLACE FUNCTION budget.ledger_refuse_early(p_tenant uuid, p_items budget.ledger_item[],
    INOUT outcomes budget.ledger_outcome[], OUT alerts jsonb) LANGUAGE plpgsql AS $$
DECLARE
    candidates budget.ledger_item[];
    has_facts boolean;
    seen record;
BEGIN
    SELECT array_agg(i) FILTER (WHERE i.verb = 'reserve'), bool_or(i.verb <> 'reserve') INTO candidates, has_facts
      FROM unnest(p_items) i WHERE (outcomes[i.n]).status IS NULL;
    IF candidates IS NULL OR has_facts THEN
        RETURN;
    END IF;
    SELECT * INTO seen FROM budget.ledger_slots_of(p_tenant, candidates);
    SELECT r.p_outcomes, r.alerts INTO outcomes, alerts
      FROM budget.ledger_refuse(p_tenant, candidates, seen.slots, outcomes, seen.t) r;
END $$;

-- Decides items against these slots; closes those that are refused, the others stay open. alerts: what the first refusal
-- of a period alerts about, once per policy state of the group; NULL when nothing was refused.
CREATE OR REPLACE FUNCTION budget.ledger_refuse(p_tenant uuid, p_items budget.ledger_item[],
    p_slots budget.ledger_slot[], INOUT p_outcomes budget.ledger_outcome[], p_t timestamptz, OUT alerts jsonb)
LANGUAGE plpgsql AS $$
DECLARE
    refused record;
    alerted text[] := '{}';
    mark text;
BEGIN
    FOR refused IN SELECT * FROM budget.ledger_decide(p_tenant, p_items, p_slots, p_t, true) LOOP
        p_outcomes[refused.n].status := 402;
        p_outcomes[refused.n].code := CASE refused.decision WHEN 'block' THEN 'insufficient_budget'
            ELSE 'approval_required' END;
        p_outcomes[refused.n].detail := refused.reason;
        p_outcomes[refused.n].extra := refused.body;
        mark := concat((refused.deciding).revision, ' ', refused.deciding_unit, ' ', (refused.deciding).scope);
        IF mark <> ALL (alerted) THEN
            alerted := alerted || mark;
            alerts := coalesce(alerts, '[]') || jsonb_build_object('revision', (refused.deciding).revision,
                'scope', (refused.deciding).scope, 'starts', (refused.deciding).period_start,
                'ends', (refused.deciding).period_end, 'unit', refused.deciding_unit);
        END IF;
    END LOOP;
END $$;

-- Raises them. Alerts come last in the lock order: never before policy states that the group still has to lock.
CREATE OR REPLACE FUNCTION budget.ledger_alert_refusals(p_tenant uuid, alerts jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF alerts IS NOT NULL THEN
        PERFORM budget.alert_refused(p_tenant, a.revision, a.scope, a.starts, a.ends, a.unit)
           FROM jsonb_to_recordset(alerts) AS a (revision integer, scope text, starts timestamptz, ends timestamptz,
                unit text);
    END IF;
END $$;
