-- POST /prices/conflicts/{id}/approve {source | prices, note}: what one of the candidates says, or figures of one's own,
-- becomes the price in force, approved by a person; no feed replaces it any more, another opinion asks again.
-- POST /prices/conflicts/{id}/reject {note}: what is in force stays, until the sources say something else.
-- Once each; the same decision again answers the same.
-- Writes: price_conflict, alert, audit_log; an approval also price, model, tenant, price_offer, price_update,
-- price_decision, outbox.
CREATE OR REPLACE FUNCTION budget.price_conflict_approve(tenant uuid, context jsonb, args jsonb) RETURNS budget.reply
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, budget, pg_temp AS $$
DECLARE
    item budget.price_conflict;
    chosen jsonb;
    answer json;
BEGIN
    PERFORM budget.enter(tenant, context);
    item := budget.price_conflict_open(args, 'approved');
    IF item.state = 'approved' THEN
        RETURN ROW(NULL, budget.price_conflict_json(item), item.version::text)::budget.reply;
    END IF;
    chosen := budget.price_conflict_choice(item, args);
    item.pricing_id := budget.price_approve(item, chosen, args ->> 'note', tenant, context);
    item := budget.price_conflict_close(item, 'approved', coalesce(chosen ->> 'source', 'manual'), args ->> 'note');
    answer := budget.price_conflict_json(item);
    RETURN ROW(NULL, budget.json_join(answer, json_build_object('price', (SELECT budget.price_json(p)
        FROM budget.price AS p WHERE p.tenant_id = budget.catalogue_tenant() AND p.pricing_id = item.pricing_id))),
        item.version::text)::budget.reply;
END $$;

CREATE OR REPLACE FUNCTION budget.price_conflict_reject(tenant uuid, context jsonb, args jsonb) RETURNS budget.reply
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, budget, pg_temp AS $$
DECLARE
    item budget.price_conflict;
BEGIN
    PERFORM budget.enter(tenant, context);
    item := budget.price_conflict_open(args, 'rejected');
    IF item.state <> 'rejected' THEN
        item := budget.price_conflict_close(item, 'rejected', NULL, args ->> 'note');
    END IF;
    RETURN ROW(NULL, budget.price_conflict_json(item), item.version::text)::budget.reply;
END $$;

-- The conflict to decide, locked. One decided the same way before comes back as it is; otherwise it must be open, and
-- at the version If-Match names.
CREATE OR REPLACE FUNCTION budget.price_conflict_open(args jsonb, decision text) RETURNS budget.price_conflict
LANGUAGE plpgsql AS $$
DECLARE
    item budget.price_conflict;
BEGIN
    PERFORM budget.price_house_only();
    PERFORM pg_advisory_xact_lock(hashtextextended('price ' || budget.catalogue_tenant(), 0)); -- as price_open() does
    PERFORM budget.price_conflict_find((args ->> 'id')::uuid);
    SELECT * INTO item FROM budget.price_conflict AS c WHERE c.conflict_id = (args ->> 'id')::uuid FOR UPDATE;
    IF item.state = 'open' THEN
        PERFORM budget.match_version(item.version);
    ELSIF item.state = decision AND (decision = 'rejected'
          OR coalesce(args ->> 'source', 'manual') = item.decision) THEN
        RETURN item;
    ELSE
        PERFORM budget.fail(409, 'conflict_decided', '', format('This conflict was %s by %s at %s.', item.state,
            item.decided_by, budget.utc(item.decided_at)));
    END IF;
    RETURN item;
END $$;

-- What the person wants: {source, rates, price_type, source_url, fx} of a candidate, or {rates} of one's own.
CREATE OR REPLACE FUNCTION budget.price_conflict_choice(item budget.price_conflict, args jsonb) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
    chosen jsonb;
    own constant jsonb := budget.rates_flat(args -> 'prices');
BEGIN
    IF (args ? 'source') = (args ? 'prices') THEN
        PERFORM budget.fail(422, 'missing_field', '/source',
            'Say whose price it is: source (one of the candidates) or prices (figures of your own), not both.');
    ELSIF args ? 'prices' THEN
        PERFORM budget.price_typed(budget.price_of_flat(own), NULL);
        RETURN jsonb_build_object('rates', own);
    END IF;
    SELECT c INTO chosen FROM jsonb_array_elements(item.candidates) AS c
    WHERE c ->> 'source' = lower(args ->> 'source');
    IF NOT FOUND THEN
        PERFORM budget.fail(422, 'unknown_source', '/source', format('%s has no price of this model here: %s.',
            args ->> 'source', (SELECT string_agg(c ->> 'source', ', ') FROM jsonb_array_elements(item.candidates) AS c)));
    END IF;
    RETURN chosen;
END $$;

-- Opens the approved price in the catalogue. Classes a candidate does not name are kept as they stand.
CREATE OR REPLACE FUNCTION budget.price_approve(item budget.price_conflict, chosen jsonb, note text, tenant uuid,
    context jsonb) RETURNS uuid LANGUAGE plpgsql AS $$
DECLARE
    force budget.price;
    wanted budget.price;
    rates jsonb;
BEGIN
    PERFORM budget.enter(budget.catalogue_tenant(), context);
    SELECT * INTO force FROM budget.price_exactly(item.provider, item.model, item.service_tier);
    rates := CASE WHEN chosen ? 'source' THEN budget.rates_merge(ARRAY[chosen -> 'rates'], budget.price_flat(force))
        ELSE chosen -> 'rates' END;
    wanted := budget.price_of_flat(rates);
    wanted.tenant_id := budget.catalogue_tenant();
    wanted.provider := item.provider;
    wanted.model := item.model;
    wanted.service_tier := item.service_tier;
    wanted.currency := budget.catalogue_currency();
    wanted.price_type := budget.price_type_asked(chosen ->> 'price_type', rates);
    wanted.source := coalesce(chosen ->> 'source', 'manual');
    wanted.source_url := chosen ->> 'source_url';
    wanted.verified := true;
    wanted.approved_by := budget.context('actor');
    wanted.effective_date := clock_timestamp();
    wanted.metadata := jsonb_strip_nulls(jsonb_build_object('conflict_id', item.conflict_id, 'note', note,
        'fx', chosen -> 'fx'));
    wanted := budget.price_open(wanted);
    PERFORM budget.price_model_describe(wanted.provider, wanted.model, wanted.price_type, '{}');
    PERFORM budget.price_moved('price.approve', force, wanted);
    PERFORM budget.price_approval_tell(item, force, wanted);
    PERFORM budget.enter(tenant, context);
    RETURN wanted.pricing_id;
END $$;

-- Tells whoever used the model what the approval means for them, as a run does. What a second does not suffice for, the
-- next run of price-update finishes.
CREATE OR REPLACE FUNCTION budget.price_approval_tell(item budget.price_conflict, former budget.price,
    wanted budget.price) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    run budget.price_update;
BEGIN
    INSERT INTO budget.price_update (run_id, state, counts)
    VALUES (item.conflict_id, 'weighing', '{"approved": 1}') RETURNING * INTO run;
    INSERT INTO budget.price_decision (run_id, provider, model, service_tier, action, reason, old, new, percent, sources,
        pricing_id, former_pricing_id, conflict_id)
    VALUES (run.run_id, item.provider, item.model, item.service_tier, 'applied', 'approved by ' || wanted.approved_by,
        budget.price_flat(former), budget.price_flat(wanted),
        budget.rates_percent(budget.price_flat(former), budget.price_flat(wanted)), ARRAY[wanted.source],
        wanted.pricing_id, former.pricing_id, item.conflict_id);
    FOR turn IN 1..4 LOOP
        run := budget.price_weigh(run);
        EXIT WHEN run.state = 'done';
    END LOOP;
    UPDATE budget.price_update AS u SET state = run.state, place = run.place,
        finished_at = CASE WHEN run.state = 'done' THEN clock_timestamp() END WHERE u.run_id = run.run_id;
END $$;

CREATE OR REPLACE FUNCTION budget.price_conflict_close(item budget.price_conflict, p_state text, p_decision text,
    p_note text) RETURNS budget.price_conflict LANGUAGE plpgsql AS $$
DECLARE
    before constant jsonb := budget.price_conflict_json(item)::jsonb;
BEGIN
    UPDATE budget.price_conflict AS c SET state = p_state, decision = p_decision, note = p_note,
        pricing_id = item.pricing_id, decided_at = clock_timestamp(),
        decided_by = coalesce(budget.context('actor'), 'unknown'), updated_at = clock_timestamp(), version = c.version + 1
    WHERE c.conflict_id = item.conflict_id RETURNING * INTO item;
    UPDATE budget.alert AS a SET acknowledged_at = item.decided_at, acknowledged_by = item.decided_by
    WHERE a.tenant_id = budget.tenant() AND a.policy_id IS NULL AND a.scope_group = 'conflict ' || item.conflict_id
      AND a.acknowledged_at IS NULL;
    PERFORM budget.audit('price_conflict.' || CASE p_state WHEN 'approved' THEN 'approve' ELSE 'reject' END,
        item.conflict_id::text, before, budget.price_conflict_json(item)::jsonb);
    RETURN item;
END $$;
