-- The writer of the ledger: a group of requests of one tenant (record, reserve, release, extend), one transaction.
-- Facts are applied before holds are admitted; each item gets its own answer. Called with groups of one or with a
-- batch. Raises only to be run again as a whole: 40001 when a twin of a client-made id committed between look-up and
-- insert. Writes, in lock order: request_key, hold, policy_state, counter, usage_record, alert, outbox.
--   is_resend    the commit of the same group is in doubt
--   by_hold      false: no record names a hold or a context, so nobody looks for one
--   refuse_early false leaves out the look for refusals without a lock: C says so while it has seen none lately
CREATE OR REPLACE FUNCTION budget.ledger_run(p_tenant uuid, p_items json, p_shapes json,
    is_resend boolean DEFAULT false, by_hold boolean DEFAULT true, refuse_early boolean DEFAULT true)
RETURNS SETOF budget.ledger_result
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    items budget.ledger_item[];
    shapes budget.ledger_shape[];
    flags budget.ledger_flags;
    outcomes budget.ledger_outcome[];
    holds_before budget.hold[] := '{}';
    holds budget.hold[] := '{}';
    slots budget.ledger_slot[];
    postings budget.ledger_posting[] := '{}';
    added budget.hold[] := '{}';
    alerts jsonb;
    t timestamptz;
    read record;
BEGIN
    PERFORM budget.enter(p_tenant, '{}'), budget.epoch_lock(false);
    SELECT * INTO read FROM budget.ledger_items(p_tenant, p_items, p_shapes, is_resend, by_hold);
    items := read.items;
    shapes := read.shapes;
    flags := read.flags;
    flags.has_hold := flags.has_hold OR flags.has_slice; -- a slice is a hold that records take from
    outcomes := budget.ledger_open(p_tenant, items, shapes, flags);
    IF flags.has_reserve AND refuse_early THEN
        SELECT r.outcomes, r.alerts INTO outcomes, alerts FROM budget.ledger_refuse_early(p_tenant, items, outcomes) r;
    END IF;
    IF NOT (flags.has_error OR flags.has_reserve OR flags.has_repeat) OR budget.ledger_any_open(outcomes) THEN
        IF flags.has_key THEN
            outcomes := budget.ledger_keys(p_tenant, items, outcomes);
        END IF;
        IF flags.has_hold THEN
            holds_before := budget.ledger_revive(p_tenant, items, budget.ledger_lock_holds(p_tenant, items, outcomes,
                CASE WHEN flags.has_slice THEN budget.ledger_slices(items, shapes, outcomes) END));
        END IF;
        SELECT l.slots, l.t INTO slots, t FROM budget.ledger_lock_states(p_tenant, items, shapes, holds_before) l;
        SELECT s.outcomes, s.holds INTO outcomes, holds FROM budget.ledger_settle(items, outcomes, holds_before, t) s;
        IF flags.has_slice THEN
            SELECT s.outcomes, s.holds INTO outcomes, holds FROM budget.ledger_shrink(p_tenant, items, shapes, outcomes,
                holds, t) s;
        END IF;
        IF flags.has_hold THEN
            PERFORM budget.ledger_write_holds(p_tenant, holds);
            slots := budget.ledger_return_held(slots, holds_before, holds);
        END IF;
        IF flags.has_record THEN
            postings := budget.ledger_postings(items, outcomes, slots);
            slots := budget.ledger_spend(slots, postings, flags.has_reserve);
        END IF;
        IF flags.has_hold THEN
            SELECT e.outcomes, e.holds, e.slots INTO outcomes, holds, slots FROM budget.ledger_extend(p_tenant, items,
                outcomes, holds, slots, t) e;
        END IF;
        IF flags.has_quote THEN
            outcomes := budget.ledger_quote(p_tenant, items, outcomes, slots, t);
        END IF;
        IF flags.has_reserve THEN
            SELECT a.outcomes, a.slots INTO outcomes, slots FROM budget.ledger_admit(p_tenant, items, outcomes, slots,
                t) a;
            SELECT a.outcomes, a.added INTO outcomes, added FROM budget.ledger_admitted(p_tenant, items, outcomes, t) a;
        END IF;
        PERFORM budget.ledger_write(p_tenant, items, outcomes, slots, postings, added, flags, t);
    END IF;
    PERFORM budget.ledger_alert_refusals(p_tenant, alerts);
    RETURN QUERY SELECT * FROM budget.ledger_answers(p_tenant, items, shapes, flags, outcomes, holds, added);
END $$;

CREATE OR REPLACE FUNCTION budget.ledger_any_open(p_outcomes budget.ledger_outcome[]) RETURNS boolean
    LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    RETURN EXISTS (SELECT FROM unnest(p_outcomes) o WHERE o.status IS NULL);
END $$;
