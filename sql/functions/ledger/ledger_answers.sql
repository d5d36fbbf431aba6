-- The group's answers. A new record's is only what was found out here: C adds the members that the request itself
-- said, and a test holds the two together against GET /usage/records/{id}. A repeat reads the row of the first time.
-- p_holds: the holds that the group touched, p_added: those it admitted; an outcome says which is its own by place.
CREATE OR REPLACE FUNCTION budget.ledger_answers(p_tenant uuid, p_items budget.ledger_item[],
    p_shapes budget.ledger_shape[], p_flags budget.ledger_flags, p_outcomes budget.ledger_outcome[],
    p_holds budget.hold[], p_added budget.hold[]) RETURNS SETOF budget.ledger_result LANGUAGE plpgsql AS $$
BEGIN
    IF p_flags.has_error OR p_flags.has_repeat OR p_flags.has_reserve OR p_flags.has_hold THEN
        RETURN QUERY
        SELECT o.n, o.status, o.code, o.pointer, o.detail, false, NULL::uuid, o.extra
            FROM unnest(p_outcomes) o WHERE o.status >= 400;
    END IF;
    IF p_flags.has_repeat THEN
        RETURN QUERY SELECT * FROM budget.ledger_answer_repeats(p_tenant, p_items, p_outcomes);
    END IF;
    IF p_flags.has_record THEN
        RETURN QUERY
        SELECT i.n, 201, NULL::text, NULL::text, NULL::text, false, i.id, concat('{', (p_shapes[i.shape]).fragment,
            ',"total_tokens":', i.total_tokens,
               ',"input_cost":', coalesce(trim_scale(i.input_cost)::text, 'null'), ',"output_cost":',
                   coalesce(trim_scale(i.output_cost)::text, 'null'),
               ',"total_cost":', coalesce(trim_scale(i.cost)::text, 'null'), CASE
                   WHEN i.cost IS NULL THEN ',"priced":false' ELSE ',"priced":true' END,
               ',"ceiling_cost":', coalesce(trim_scale(i.ceiling_cost)::text, 'null'),
                   ',"correction_cost":0,"cost_gap":', coalesce(trim_scale(i.cost - i.reported_cost)::text, 'null'),
                   ',"pricing_id":',
               CASE WHEN i.cost IS NULL THEN 'null,"pricing_version":null' ELSE
                   concat('"', i.pricing_id, '","pricing_version":', i.pricing_version) END,
               ',"timestamp":"', budget.utc(coalesce(i.occurred_at, (p_outcomes[i.n]).charged_at)),
               '","charged_at":"', budget.utc((p_outcomes[i.n]).charged_at),
                   '","cause":"', (p_outcomes[i.n]).cause, '","flags":',
               to_json((p_outcomes[i.n]).flags), CASE WHEN i.hold_id IS NULL THEN ',"allocation_id":null' ELSE
                   concat(',"allocation_id":"', i.hold_id, '"') END,
               CASE WHEN (p_outcomes[i.n]).hold_at IS NULL THEN ',"allocation":null}'
                   ELSE budget.ledger_hold_left(p_holds[(p_outcomes[i.n]).hold_at]) END)
          FROM unnest(p_items) i WHERE i.verb = 'record' AND (p_outcomes[i.n]).status IS NULL;
    END IF;
    IF p_flags.has_reserve THEN
        RETURN QUERY
        SELECT i.n, CASE i.kind WHEN 'allocation' THEN 201 ELSE 200 END, NULL::text, NULL::text, NULL::text, false,
            i.id, CASE WHEN i.kind = 'check' THEN concat(left((p_outcomes[i.n]).extra, -1), ',"allocation_id":"', i.id,
                    '","expires_at":"', budget.utc((p_added[(p_outcomes[i.n]).hold_at]).expires_at), '"}')
                ELSE budget.hold_text(p_added[(p_outcomes[i.n]).hold_at], (p_shapes[i.shape]).fragment) END
          FROM unnest(p_items) i WHERE i.verb = 'reserve' AND (p_outcomes[i.n]).status IS NULL;
    END IF;
    IF p_flags.has_hold THEN
        RETURN QUERY
        SELECT i.n, 200, NULL::text, NULL::text, NULL::text, false, i.hold_id,
               concat(left(budget.hold_text(p_holds[(p_outcomes[i.n]).hold_at], of.s), -1), ',"tokens_released":',
                   (p_outcomes[i.n]).released_tokens, ',"cost_released":',
                   trim_scale((p_outcomes[i.n]).released_cost), '}')
          FROM unnest(p_items) i
         CROSS JOIN LATERAL (SELECT (p_holds[(p_outcomes[i.n]).hold_at]).shape_id OFFSET 0) hold
         CROSS JOIN LATERAL (SELECT x AS s FROM budget.shape x WHERE x.tenant_id = p_tenant
               AND x.shape_id = hold.shape_id LIMIT 1) of
         WHERE i.verb NOT IN ('record', 'reserve') AND (p_outcomes[i.n]).status IS NULL;
    END IF;
END $$;

-- What a record left of its hold: the end of its answer.
CREATE OR REPLACE FUNCTION budget.ledger_hold_left(h budget.hold) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    RETURN concat(',"allocation":{"state":"', h.state, '","remaining_tokens":', h.left_tokens, ',"remaining_cost":',
        trim_scale(h.left_cost), '}}');
END $$;

-- Answers of what was there before: read from the rows of the first time.
CREATE OR REPLACE FUNCTION budget.ledger_answer_repeats(p_tenant uuid, p_items budget.ledger_item[],
    p_outcomes budget.ledger_outcome[]) RETURNS SETOF budget.ledger_result LANGUAGE plpgsql AS $$
DECLARE
    old_ids uuid[];
BEGIN
    SELECT array_agg(o.entity_id) INTO old_ids FROM unnest(p_outcomes) o WHERE o.is_replay;
    IF old_ids IS NULL THEN
        RETURN;
    END IF;
    RETURN QUERY
    SELECT o.n, 201, NULL::text, NULL::text, NULL::text, true, r.record_id, budget.usage_record_json(r)::text
      FROM budget.usage_record r JOIN unnest(p_outcomes) o ON o.is_replay AND o.entity_id = r.record_id
     WHERE r.tenant_id = p_tenant AND r.record_id = ANY (old_ids);
    RETURN QUERY
    SELECT i.n, CASE WHEN i.verb = 'reserve' AND i.kind = 'allocation' THEN 201 ELSE 200 END, NULL::text, NULL::text,
           NULL::text, true, h.hold_id, CASE WHEN i.kind = 'check' THEN json_build_object('allocation_id', h.hold_id,
               'expires_at', budget.utc(h.expires_at))::text ELSE budget.hold_text(h, s) END
      FROM unnest(p_items) i
     CROSS JOIN LATERAL (SELECT (p_outcomes[i.n]).entity_id AS id OFFSET 0) first
      JOIN budget.hold h ON h.tenant_id = p_tenant AND h.hold_id = first.id AND h.hold_id = ANY (old_ids)
      JOIN budget.shape s ON s.tenant_id = p_tenant AND s.shape_id = h.shape_id
     WHERE i.verb <> 'record' AND (p_outcomes[i.n]).is_replay;
END $$;
