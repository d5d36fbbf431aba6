-- The decision on requests as of p_t, without effect: what check answers and what a refusal explains.
-- p_items: reserve or check items whose error_code is NULL; p_slots: the states of their policies (ledger_slots_of, or
-- the locked ones). One moment's reading; promises nothing. p_refused_only: rows only for what is refused.
CREATE OR REPLACE FUNCTION budget.ledger_decide(p_tenant uuid, p_items budget.ledger_item[],
    p_slots budget.ledger_slot[], p_t timestamptz,
    p_refused_only boolean) RETURNS TABLE (n integer, decision text, reason text, body text,
        deciding budget.ledger_slot, deciding_unit text)
LANGUAGE plpgsql AS $$
DECLARE
    item budget.ledger_item;
    view budget.ledger_view;
    views budget.ledger_view[] := '{}';
    has_soft constant boolean := EXISTS (SELECT FROM unnest(p_slots) s WHERE s.type = 'soft_limit');
    key text;
    keys text[] := '{}';
    k integer;
    verdict budget.ledger_verdict;
    asked text;
    last_key text;
    last_asked text; -- what the answer in hand is to: whoever asks the same next gets it too, as in a storm of refusals
BEGIN
    FOREACH item IN ARRAY p_items LOOP
        -- An approval on a soft limit may be one context's alone.
        key := CASE WHEN has_soft THEN concat(item.scope_key, chr(30), item.context_id) ELSE item.scope_key END;
        IF key IS DISTINCT FROM last_key THEN
            k := array_position(keys, key);
            IF k IS NULL THEN
                views := views || budget.ledger_look(p_tenant, item, p_slots, p_t);
                keys := keys || key;
                k := cardinality(keys);
            END IF;
            view := views[k];
            last_key := key;
        END IF;
        CONTINUE WHEN p_refused_only AND (view.room_cost IS NULL OR item.hold_cost <= view.room_cost)
            AND (view.room_tokens IS NULL OR item.hold_tokens <= view.room_tokens);
        asked := concat_ws(' ', key, item.hold_tokens, item.hold_cost, item.estimated_cost, item.allow_free,
            (item.usage).input_tokens);
        IF asked IS DISTINCT FROM last_asked THEN
            last_asked := asked;
            verdict := budget.ledger_judge(item, view);
            decision := verdict.decision;
            deciding := (view.slots)[verdict.slot];
            deciding_unit := verdict.unit;
            reason := budget.ledger_reason(deciding, verdict, item);
            body := budget.ledger_decision_json(item, view, verdict, deciding, reason,
                CASE WHEN decision IN ('block', 'approval_required') AND deciding_unit = 'cost'
                    AND item.tokens_fit_model IS NOT NULL THEN budget.ledger_others(p_tenant, item, view)
                    ELSE '[]' END, budget.ledger_help(p_tenant, item, verdict, deciding, p_t));
        END IF;
        CONTINUE WHEN p_refused_only AND decision NOT IN ('block', 'approval_required');
        n := item.n;
        RETURN NEXT;
    END LOOP;
END $$;

-- Cheaper models that would fit into what is left and could serve the request, as JSON text. A bare count of tokens may
-- be many answers.
CREATE OR REPLACE FUNCTION budget.ledger_others(p_tenant uuid, item budget.ledger_item, view budget.ledger_view)
RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    input bigint := coalesce((item.usage).input_tokens, item.hold_tokens / 4);
BEGIN
    RETURN coalesce(budget.alternatives(p_tenant, item.tokens_fit_provider, item.tokens_fit_model, input,
        item.hold_tokens - input, greatest(view.room_cost, 0), 3,
        CASE WHEN (item.usage).input_tokens IS NULL THEN 0 END)::text, '[]');
END $$;

-- Slots of all policies that count these items, unlocked, and the instant they are read at. With the holds that are past
-- their expiry, from the same snapshot (STABLE): read one after the other, a sweep in between would leave them in what is
-- held and not among the expired, and what fits would be refused.
CREATE OR REPLACE FUNCTION budget.ledger_slots_of(p_tenant uuid, p_items budget.ledger_item[],
    OUT slots budget.ledger_slot[], OUT t timestamptz) LANGUAGE plpgsql STABLE AS $$
DECLARE
    revisions integer[];
    scopes text[];
    decided timestamptz[];
BEGIN
    SELECT array_agg(w.revision), array_agg(w.scope), array_agg(st.last_t) INTO revisions, scopes, decided
      FROM (SELECT DISTINCT r.revision, budget.scope_of(r.period, i.context_id, i.task_id) AS scope
              FROM (SELECT DISTINCT ON (i.scope_key) i.revisions, i.context_id, i.task_id FROM unnest(p_items) i
                     WHERE i.error_code IS NULL ORDER BY i.scope_key) i
             CROSS JOIN LATERAL unnest(i.revisions) AS wanted
             CROSS JOIN LATERAL (SELECT x.revision, x.period FROM budget.policy_revision x
                   WHERE x.tenant_id = p_tenant AND x.revision = wanted LIMIT 1) r) w
      LEFT JOIN LATERAL (SELECT x.last_t FROM budget.policy_state x WHERE x.tenant_id = p_tenant
           AND x.revision = w.revision AND x.scope = w.scope LIMIT 1) st ON true;
    t := budget.ledger_instant(decided);
    slots := budget.ledger_slots(p_tenant, revisions, scopes, t);
    FOR k IN 1 .. coalesce(cardinality(slots), 0) LOOP
        slots[k] := budget.ledger_slack(p_tenant, slots[k], t);
    END LOOP;
END $$;

-- What the requests with this item's scope_key meet.
CREATE OR REPLACE FUNCTION budget.ledger_look(p_tenant uuid, item budget.ledger_item, p_slots budget.ledger_slot[],
    p_t timestamptz)
RETURNS budget.ledger_view LANGUAGE plpgsql AS $$
DECLARE
    view budget.ledger_view;
    slot budget.ledger_slot;
    shape budget.shape;
    price budget.price;
    left_cost numeric;
    left_tokens bigint;
BEGIN
    view.scope_key := item.scope_key;
    view.slots := '{}';
    FOREACH slot IN ARRAY coalesce(p_slots, '{}') LOOP
        IF slot.is_active AND slot.revision = ANY (item.revisions) AND slot.scope = budget.scope_of(slot.period,
            item.context_id, item.task_id) THEN
            view.slots := view.slots || budget.ledger_approve(budget.ledger_slack(p_tenant, slot, p_t), item, p_t);
        END IF;
    END LOOP;
    SELECT min(r.cost), min(r.tokens), min(r.cost - (1 - s.warning_threshold) * s.cost_limit),
           min(r.tokens - (1 - s.warning_threshold) * s.token_limit), (array_agg(s.ordinality::integer ORDER BY
               least(r.cost / nullif(s.cost_limit, 0), r.tokens::numeric / nullif(s.token_limit, 0)), r.cost, r.tokens, s.revision))[1]
      INTO view.room_cost, view.room_tokens, view.calm_cost, view.calm_tokens, view.tightest
      FROM unnest(view.slots) WITH ORDINALITY s CROSS JOIN LATERAL budget.ledger_room(s.cost_limit, s.token_limit,
          s.approved_cost, s.approved_tokens,
           s.spent_cost, s.spent_tokens, s.held_cost - s.expired_cost, s.held_tokens - s.expired_tokens) r
     WHERE s.type <> 'ignore';
    view.policies := '';
    FOREACH slot IN ARRAY view.slots LOOP
        view.policies := concat(view.policies, CASE view.policies WHEN '' THEN '[' ELSE ',' END,
            budget.ledger_policy_text(slot));
    END LOOP;
    view.policies := concat(view.policies, CASE view.policies WHEN '' THEN '[]' ELSE ']' END);
    SELECT * INTO shape FROM budget.shape s WHERE s.tenant_id = p_tenant AND s.shape_id = item.shape_id;
    SELECT * INTO price FROM budget.price p WHERE p.pricing_id = item.pricing_id AND p.tenant_id IN (p_tenant,
        budget.catalogue_tenant());
    left_cost := CASE WHEN view.room_cost IS NOT NULL THEN greatest(view.room_cost,
        0) END; -- greatest() passes over NULL, no limit
    left_tokens := CASE WHEN view.room_tokens IS NOT NULL THEN greatest(view.room_tokens, 0) END;
    view.fit := least(left_tokens, CASE WHEN left_cost IS NOT NULL THEN budget.tokens_that_fit(price, left_cost) END);
    view.prefix := concat('"currency":"', (SELECT t.currency FROM budget.tenant t WHERE t.tenant_id = p_tenant),
        '","tier":', coalesce(to_json(shape.tier)::text, 'null'),
        ',"provider":', coalesce(to_json(shape.provider)::text, 'null'), ',"model":',
            coalesce(to_json(shape.model)::text, 'null'),
        ',"priced":', item.is_priced::text, ',"budget_id":"', item.budget_id, '","remaining_cost":',
            coalesce(trim_scale(left_cost)::text, 'null'),
        ',"remaining_tokens":', coalesce(left_tokens::text, 'null'), ',"max_tokens_that_fit":',
            coalesce(view.fit::text, 'null'));
    RETURN view;
END $$;

-- What a policy leaves, in both units; NULL = no limit. Inlines.
CREATE OR REPLACE FUNCTION budget.ledger_room(cost_limit numeric, token_limit bigint, approved_cost numeric,
    approved_tokens bigint, spent_cost numeric,
    spent_tokens bigint, held_cost numeric, held_tokens bigint) RETURNS TABLE (cost numeric, tokens bigint)
        LANGUAGE sql IMMUTABLE ROWS 1 AS $$
    SELECT cost_limit + approved_cost - spent_cost - held_cost,
        token_limit + approved_tokens - spent_tokens - held_tokens
$$;

CREATE OR REPLACE FUNCTION budget.ledger_policy_text(slot budget.ledger_slot) RETURNS text
    LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN concat('{"policy_id":"', slot.policy_id, '","budget_id":"', slot.owner_id, '","type":"', slot.type,
        '","period":"', slot.period,
        '","period_start":', CASE WHEN isfinite(slot.period_start) THEN '"' || budget.utc(slot.period_start) || '"'
            ELSE 'null' END,
        ',"period_end":', CASE WHEN isfinite(slot.period_end) THEN '"' || budget.utc(slot.period_end) || '"'
            ELSE 'null' END,
        ',"token_limit":', coalesce(slot.token_limit::text, 'null'), ',"tokens_used":', slot.spent_tokens,
        ',"tokens_held":', slot.held_tokens - slot.expired_tokens,
        ',"cost_limit":', coalesce(trim_scale(slot.cost_limit)::text, 'null'),
        ',"cost_used":', trim_scale(slot.spent_cost), ',"cost_held":', trim_scale(slot.held_cost - slot.expired_cost),
        ',"usage_percentage":', coalesce(round(greatest(slot.spent_cost / nullif(slot.cost_limit, 0),
            slot.spent_tokens::numeric / nullif(slot.token_limit, 0)), 6)::text, 'null'), '}');
END $$;

-- The strictest answer over the policies of a view: block > approval_required > warn > allow.
--   does not fit a hard limit -> block; a soft one -> approval_required; passes a warn limit, or comes to a warning
--   threshold -> warn. Deciding is the policy that gave the answer; for allow, the one nearest to its limit.
CREATE OR REPLACE FUNCTION budget.ledger_judge(item budget.ledger_item,
    view budget.ledger_view) RETURNS budget.ledger_verdict
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    slot budget.ledger_slot;
    fits record;
    k integer := 0;
    rank integer;
    best_rank integer := 0;
    part numeric;
    best_part numeric := -1;
    verdict budget.ledger_verdict := ROW('allow', view.tightest, CASE
        WHEN ((view.slots)[view.tightest]).cost_limit IS NOT NULL THEN 'cost' ELSE 'tokens' END);
BEGIN
    IF (view.calm_cost IS NULL OR item.hold_cost < view.calm_cost) AND (view.calm_tokens IS NULL
        OR item.hold_tokens < view.calm_tokens)
       AND (view.room_cost IS NULL OR item.hold_cost <= view.room_cost) AND (view.room_tokens IS NULL
           OR item.hold_tokens <= view.room_tokens) THEN
        RETURN verdict;
    END IF;
    FOREACH slot IN ARRAY view.slots LOOP
        k := k + 1;
        CONTINUE WHEN slot.type = 'ignore';
        fits := budget.ledger_fits(slot, item.hold_cost, item.hold_tokens, item.allow_free);
        part := greatest((slot.spent_cost + slot.held_cost - slot.expired_cost + item.hold_cost) / nullif(slot.cost_limit + slot.approved_cost, 0),
                         (slot.spent_tokens + slot.held_tokens - slot.expired_tokens + item.hold_tokens)::numeric / nullif(slot.token_limit + slot.approved_tokens, 0), 0);
        rank := CASE WHEN fits.cost_fits AND fits.tokens_fit THEN CASE WHEN part >= slot.warning_threshold THEN 1
            ELSE 0 END
                     WHEN slot.type = 'hard_limit' THEN 3 WHEN slot.type = 'soft_limit' THEN 2 ELSE 1 END;
        IF rank > best_rank OR (rank = best_rank AND rank > 0 AND part > best_part) THEN
            best_rank := rank;
            best_part := part;
            verdict.slot := k;
            verdict.unit := CASE WHEN NOT fits.cost_fits THEN 'cost' WHEN NOT fits.tokens_fit THEN 'tokens'
                                 WHEN slot.cost_limit IS NOT NULL THEN 'cost' ELSE 'tokens' END;
        END IF;
    END LOOP;
    verdict.decision := (ARRAY['allow', 'warn', 'approval_required', 'block'])[best_rank + 1];
    RETURN verdict;
END $$;

-- The decision in full, as JSON text: why, what is left, when it resets, what would fit instead.
CREATE OR REPLACE FUNCTION budget.ledger_decision_json(item budget.ledger_item, view budget.ledger_view,
    verdict budget.ledger_verdict, slot budget.ledger_slot, reason text, others text, help text)
RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN concat('{"allowed":', CASE WHEN verdict.decision IN ('block', 'approval_required') THEN 'false'
            ELSE 'true' END, ',"decision":"', verdict.decision, '","reason":', to_json(reason),
        ',"estimated_cost":', coalesce(trim_scale(item.estimated_cost)::text, 'null'), ',"held_cost":',
            trim_scale(item.hold_cost),
        ',"estimated_tokens":', item.hold_tokens, ',', view.prefix, ',"policy_id":',
            coalesce('"' || slot.policy_id || '"', 'null'),
        help, ',"policies":', view.policies, ',"alternatives":', others, '}');
END $$;

-- One sentence for people, and what to do next.
CREATE OR REPLACE FUNCTION budget.ledger_reason(slot budget.ledger_slot, verdict budget.ledger_verdict,
    item budget.ledger_item)
RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE
    period text := replace(slot.period, '_', ' ');
    used text;
    asked text := CASE verdict.unit WHEN 'cost' THEN trim_scale(item.hold_cost)::text
        ELSE item.hold_tokens || ' tokens' END;
BEGIN
    IF verdict.slot IS NULL THEN
        RETURN 'No policy counts this request.';
    END IF;
    used := CASE verdict.unit WHEN 'cost'
        THEN concat(trim_scale(slot.spent_cost), ' spent and ', trim_scale(slot.held_cost - slot.expired_cost),
            ' held of ', trim_scale(slot.cost_limit))
        ELSE concat(slot.spent_tokens, ' used and ', slot.held_tokens - slot.expired_tokens, ' held of ',
            slot.token_limit, ' tokens') END;
    RETURN CASE verdict.decision
        WHEN 'allow' THEN concat('Within the ', period, ' limit: ', used, '.')
        WHEN 'warn' THEN concat('Allowed, but near or over the ', period, ' limit: ', used, '.')
        WHEN 'approval_required' THEN concat('The ', period, ' soft limit does not leave room for this request: ',
            used, ', asked for ', asked,
            '. Ask for more with POST /api/v1/approvals {"policy_id":"', slot.policy_id, '"}, or wait for the reset.')
        ELSE concat(initcap(period), CASE verdict.unit WHEN 'cost' THEN ' cost' ELSE ' token' END,
            ' limit exceeded: ', used, ', asked for ', asked, '.') END;
END $$;

-- POST /check without reserve: decisions for a group, nothing held, nothing committed.
CREATE OR REPLACE FUNCTION budget.ledger_check(p_tenant uuid, p_items json, p_shapes json)
RETURNS SETOF budget.ledger_result
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    read record;
    fine budget.ledger_item[];
    seen record;
BEGIN
    PERFORM budget.enter(p_tenant, '{}'), budget.epoch_lock(false);
    SELECT * INTO read FROM budget.ledger_items(p_tenant, p_items, p_shapes, false, false);
    fine := read.items;
    IF (read.flags).has_error THEN
        fine := ARRAY(SELECT i FROM unnest(fine) i WHERE i.error_code IS NULL);
        RETURN QUERY SELECT i.n, d.status, i.error_code, d.pointer, d.detail, false, NULL::uuid, NULL::text
          FROM unnest(read.items) i LEFT JOIN unnest(read.shapes) s ON s.s = i.shape
         CROSS JOIN LATERAL budget.ledger_door(i.error_code, s.key_budget_id) d WHERE i.error_code IS NOT NULL;
    END IF;
    SELECT * INTO seen FROM budget.ledger_slots_of(p_tenant, fine);
    RETURN QUERY SELECT d.n, 200, NULL::text, NULL::text, NULL::text, false, NULL::uuid, d.body
      FROM budget.ledger_decide(p_tenant, fine, seen.slots, seen.t, false) d;
END $$;
