-- POST /budgets/{id}/delegations {cost?, tokens?, name? | budget_id?, expires_at? | ttl_seconds?, allocation_id?}: a slice
-- of a budget for a child of it, new or named. The slice is one long hold on the policies that count all that the child
-- does: those of the budget and above it without filters (slice_covers). The child's own limit is the slice. From now on the
-- child's holds count on the child only (and on filtered policies as ever), and what it spends moves from the slice to
-- spent: counted once, and never less than the slice while it lives.
-- Admitted like any hold, by the same rule with the same refusal (402). allocation_id makes a repeat safe.
-- Lock: the epoch exclusively, so no group is in flight while holds of a named child change their policies.
-- Writes: budget, policy and what policy_insert() writes, policy_state, hold, audit_log; refused: the alert.
CREATE OR REPLACE FUNCTION budget.delegation_create(tenant uuid, context jsonb, args jsonb) RETURNS budget.reply
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, budget, pg_temp AS $$
DECLARE
    giver budget.budget;
    slice budget.hold;
    refusal text;
    body json;
BEGIN
    PERFORM budget.enter(tenant, context);
    PERFORM budget.epoch_lock(true);
    giver := budget.budget_find((args ->> 'id')::uuid);
    PERFORM budget.budget_reach(giver.path);
    slice := budget.delegation_draft(giver, args);
    body := budget.delegation_replay(slice);
    IF body IS NOT NULL THEN
        RETURN ROW(200, body, NULL)::budget.reply;
    END IF;
    PERFORM budget.delegation_check(giver, slice, args);
    BEGIN
        body := budget.delegation_grant(giver, slice, args);
    EXCEPTION WHEN SQLSTATE 'BG402' THEN -- all of it is undone, but the first refusal of a period leaves its alert
        GET STACKED DIAGNOSTICS refusal = PG_EXCEPTION_DETAIL; -- decided once: a moment later it might fit
        PERFORM budget.ledger_alert_refusals(tenant, refusal::jsonb -> 'alerts');
        RETURN ROW(402, (refusal::jsonb ->> 'body')::json, NULL)::budget.reply;
    END;
    RETURN ROW(201, body, NULL)::budget.reply;
END $$;

-- The hold that the slice is, as asked for. It hangs on the giver, for any request below it.
CREATE OR REPLACE FUNCTION budget.delegation_draft(giver budget.budget, args jsonb) RETURNS budget.hold
LANGUAGE plpgsql AS $$
DECLARE
    slice budget.hold;
    above record;
BEGIN
    SELECT * INTO above FROM budget.slices_above(giver.tenant_id, giver.path);
    slice.tenant_id := giver.tenant_id;
    slice.hold_id := coalesce((args ->> 'allocation_id')::uuid, budget.uuid_v7());
    slice.kind := 'slice';
    slice.state := 'live';
    slice.budget_id := giver.budget_id;
    slice.shape_id := budget.shape_intern(giver.tenant_id, giver.budget_id, NULL, NULL, NULL, NULL, NULL);
    slice.priority := 5;
    slice.cost := coalesce((args ->> 'cost')::numeric, 0);
    slice.tokens := coalesce((args ->> 'tokens')::bigint, 0);
    slice.left_cost := slice.cost;
    slice.left_tokens := slice.tokens;
    slice.used_tokens := 0;
    slice.used_input_tokens := 0;
    slice.used_output_tokens := 0;
    slice.actual_cost := 0;
    slice.overage_tokens := 0;
    slice.overage_cost := 0;
    slice.is_priced := true;
    slice.is_final := false;
    slice.created_at := clock_timestamp();
    slice.ends_by := budget.slices_end(giver.tenant_id, above.ids); -- a slice of a slice ends with it
    slice.expires_at := coalesce(budget.time_in(args ->> 'expires_at', giver.time_zone),
        slice.created_at + make_interval(secs => (args ->> 'ttl_seconds')::integer), 'infinity');
    slice.expires_at := least(slice.expires_at, slice.ends_by);
    slice.key_id := budget.context('key_id')::uuid;
    slice.body_hash := decode(md5(args::text), 'hex');
    slice.metadata := '{}';
    slice.revisions := budget.delegation_policies(giver, slice);
    RETURN slice;
END $$;

-- The policies a slice stands on: those that count all of the giver's children, as far as the slice may cover them and
-- no slice of the giver's own does already.
CREATE OR REPLACE FUNCTION budget.delegation_policies(giver budget.budget, slice budget.hold) RETURNS integer[]
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN ARRAY(SELECT p.revision FROM budget.policy p
        JOIN budget.budget owner ON owner.tenant_id = p.tenant_id AND owner.budget_id = p.budget_id AND owner.is_active
        WHERE p.tenant_id = giver.tenant_id AND p.enabled AND p.budget_id = ANY (giver.path)
          AND budget.slice_covers(p, slice.cost, slice.tokens)
          AND NOT budget.slice_stands_for(giver.budget_id, p)
        ORDER BY p.revision);
END $$;

-- The answer of the first time, when this id has been granted before; 422 when it says something else now.
CREATE OR REPLACE FUNCTION budget.delegation_replay(slice budget.hold) RETURNS json LANGUAGE plpgsql STABLE AS $$
DECLARE
    first budget.hold := (SELECT h FROM budget.hold h WHERE h.tenant_id = slice.tenant_id
        AND h.hold_id = slice.hold_id);
BEGIN
    IF first.hold_id IS NULL THEN
        RETURN NULL;
    ELSIF first.kind <> 'slice' OR first.body_hash <> slice.body_hash THEN
        PERFORM budget.fail(422, 'idempotency_mismatch', '/allocation_id',
            'This id was used before for something else: send the same body, or a new id.');
    END IF;
    RETURN budget.delegation_json(b, first) FROM budget.budget b WHERE b.tenant_id = first.tenant_id
        AND b.budget_id = (first.metadata ->> 'budget_id')::uuid;
END $$;

-- What is wrong before any limit is looked at.
CREATE OR REPLACE FUNCTION budget.delegation_check(giver budget.budget, slice budget.hold, args jsonb) RETURNS void
LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF NOT giver.is_active THEN
        PERFORM budget.fail(422, 'budget_inactive', '', 'This budget is retired: nothing can be delegated from it.');
    ELSIF slice.cost = 0 AND slice.tokens = 0 THEN
        PERFORM budget.fail(422, 'amount_missing', '/cost', 'Say how much to delegate: cost, tokens or both, above 0.');
    ELSIF substr(slice.hold_id::text, 15, 1) <> '7'
        OR slice.hold_id < budget.uuid_v7_floor(slice.created_at - budget.id_age_max())
        OR slice.hold_id > budget.uuid_v7_floor(slice.created_at + interval '10 minutes') THEN
        PERFORM budget.fail(422, 'invalid_id', '/allocation_id',
            'allocation_id must be a UUIDv7 of now: leave it out, or make one for this request.');
    ELSIF (args ->> 'budget_id' IS NULL) = (args ->> 'name' IS NULL) THEN
        PERFORM budget.fail(422, 'child_missing', '/name',
            'Say for whom: name (a new budget is made below this one) or budget_id (one that stands below it).');
    ELSIF args ->> 'expires_at' IS NOT NULL AND args ->> 'ttl_seconds' IS NOT NULL THEN
        PERFORM budget.fail(422, 'ambiguous_expiry', '/expires_at',
            'Say when it ends in one way: ttl_seconds or expires_at.');
    ELSIF slice.expires_at <= slice.created_at THEN
        PERFORM budget.fail(422, 'expiry_in_the_past', '/expires_at', 'expires_at is over already: name a later time.');
    END IF;
END $$;

-- The child, its limit and the slice, all or nothing (402).
CREATE OR REPLACE FUNCTION budget.delegation_grant(giver budget.budget, slice budget.hold, args jsonb) RETURNS json
LANGUAGE plpgsql AS $$
DECLARE
    child budget.budget := budget.delegation_child(giver, slice, args);
    refusal record;
    item budget.policy;
    body json;
BEGIN
    PERFORM budget.slice_adopt(child, slice);
    SELECT * INTO refusal FROM budget.delegation_refusal(giver, slice, args);
    IF FOUND THEN
        PERFORM budget.fail(402, 'insufficient_budget', '', refusal.body::json ->> 'reason', jsonb_build_object(
            'body', refusal.body, 'alerts', jsonb_build_array(jsonb_build_object('revision', (refusal.deciding).revision,
                'scope', (refusal.deciding).scope, 'starts', (refusal.deciding).period_start,
                'ends', (refusal.deciding).period_end, 'unit', refusal.deciding_unit))));
    END IF;
    slice.metadata := jsonb_build_object('budget_id', child.budget_id);
    PERFORM budget.slice_hold(slice);
    UPDATE budget.budget b SET slice_hold_id = slice.hold_id, updated_at = clock_timestamp(), version = b.version + 1
    WHERE b.tenant_id = child.tenant_id AND b.budget_id = child.budget_id RETURNING * INTO child;
    item := budget.policy_insert(jsonb_strip_nulls(jsonb_build_object('budget_id', child.budget_id, 'type', 'hard_limit',
        'period', 'lifetime', 'cost_limit', nullif(slice.cost, 0), 'token_limit', nullif(slice.tokens, 0),
        'slice_hold_id', slice.hold_id, 'ends_at', CASE WHEN isfinite(slice.expires_at) THEN slice.expires_at END)), '');
    PERFORM budget.slice_fits_holds(item);
    body := budget.delegation_json(child, slice);
    PERFORM budget.audit('budget.delegate', child.budget_id::text, NULL, body::jsonb);
    RETURN body;
END $$;

-- Whom the slice is for.
CREATE OR REPLACE FUNCTION budget.delegation_child(giver budget.budget, slice budget.hold, args jsonb)
RETURNS budget.budget LANGUAGE plpgsql AS $$
DECLARE
    child budget.budget;
    former budget.policy;
BEGIN
    IF args ->> 'budget_id' IS NULL THEN
        child := budget.budget_insert((args - '{id,cost,tokens,expires_at,ttl_seconds,allocation_id}'::text[])
            || jsonb_build_object('parent_id', giver.budget_id));
        PERFORM budget.audit('budget.create', child.budget_id::text, NULL, budget.budget_json(child)::jsonb);
        RETURN child;
    END IF;
    child := budget.budget_find((args ->> 'budget_id')::uuid, '/budget_id');
    IF child.parent_id IS DISTINCT FROM giver.budget_id THEN
        PERFORM budget.fail(422, 'not_a_child', '/budget_id',
            'That budget does not stand directly below this one: delegate from its parent.');
    ELSIF NOT child.is_active THEN
        PERFORM budget.fail(422, 'budget_inactive', '/budget_id', 'That budget is retired: bring it back first.');
    ELSIF (budget.slice_of(child, slice.created_at)).hold_id IS NOT NULL THEN
        PERFORM budget.fail(409, 'budget_has_slice', '/budget_id',
            'That budget has a slice already: close it to return that one first.',
            jsonb_build_object('allocation_id', child.slice_hold_id));
    END IF;
    PERFORM budget.slice_end(child.slice_hold_id, 'expired', slice.created_at);
    PERFORM budget.holds_expire_tenant(child.tenant_id, 1000); -- what is over takes no room in the slice
    FOR former IN SELECT * FROM budget.policy p WHERE p.tenant_id = child.tenant_id AND p.budget_id = child.budget_id
        AND p.enabled AND p.slice_hold_id IS NOT NULL ORDER BY p.policy_id
    LOOP
        PERFORM budget.policy_change(former.policy_id, '{"enabled": false}', 'policy.retire');
    END LOOP;
    RETURN child;
END $$;
