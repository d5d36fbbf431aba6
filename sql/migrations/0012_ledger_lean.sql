-- 0012_ledger_lean.sql
-- Why:   an answer finds its hold by place instead of joining arrays of rows: half the time of a group of settlements.
-- Locks: none but on the type.
-- Mixed: release N-1 keeps working; its functions are replaced in the deploy that follows.
ALTER TYPE budget.ledger_outcome ADD ATTRIBUTE hold_at integer; -- place of its hold among those the group touched
