-- 0022_ledger_quote.sql
-- Why:   POST /check with reserve asked twice, for the decision and for the hold; the writer now answers both.
-- Locks: none but on the types.
-- Mixed: release N-1's functions are replaced in the deploy that follows at once.
ALTER TYPE budget.ledger_flags ADD ATTRIBUTE has_quote boolean;    -- a reserve of check: its answer is the decision
ALTER TYPE budget.ledger_slot ADD ATTRIBUTE owner_id uuid;         -- budget of the policy
