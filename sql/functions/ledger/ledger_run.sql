-- The writer of the ledger: a group of requests of one tenant (record, reserve, release, extend), one transaction.
-- Facts are applied before holds are admitted; each item gets its own answer. Called with groups of one or with a batch.
-- Raises only to be run again as a whole: 40001 when a twin of a client-made id committed between look-up and insert.
-- Writes, in lock order: request_key, hold, policy_state, counter, usage_record, alert, outbox.
CREATE OR REPLACE FUNCTION budget.ledger_run(p_tenant uuid, p_items json) RETURNS SETOF budget.ledger_result
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    items budget.ledger_item[];
    outcomes budget.ledger_outcome[];
    holds_before budget.hold[];
    holds budget.hold[];
    slots budget.ledger_slot[];
    postings budget.ledger_posting[];
    records budget.usage_record[];
    added budget.hold[];
    t timestamptz;
BEGIN
    PERFORM budget.enter(p_tenant, '{}');
    PERFORM budget.epoch_lock(false);
    items := budget.ledger_items(p_tenant, p_items);
    outcomes := budget.ledger_open(p_tenant, items);
    outcomes := budget.ledger_refuse_early(p_tenant, items, outcomes);
    IF EXISTS (SELECT FROM unnest(outcomes) o WHERE o.status IS NULL) THEN
        outcomes := budget.ledger_keys(p_tenant, items, outcomes);
        holds_before := budget.ledger_lock_holds(p_tenant, items, outcomes);
        SELECT l.slots, l.t INTO slots, t FROM budget.ledger_lock_states(p_tenant, items, outcomes, holds_before) l;
        SELECT s.outcomes, s.holds INTO outcomes, holds FROM budget.ledger_settle(items, outcomes, holds_before, t) s;
        PERFORM budget.ledger_write_holds(p_tenant, holds_before, holds);
        slots := budget.ledger_return_held(slots, holds_before, holds);
        postings := budget.ledger_postings(items, outcomes, slots);
        slots := budget.ledger_spend(slots, postings, t);
        SELECT a.outcomes, a.slots INTO outcomes, slots FROM budget.ledger_admit(p_tenant, items, outcomes, slots, t) a;
        SELECT w.records, w.holds INTO records, added FROM budget.ledger_write(p_tenant, items, outcomes, slots, postings, t) w;
    END IF;
    RETURN QUERY SELECT * FROM budget.ledger_answers(p_tenant, items, outcomes, records, holds || added);
END $$;
