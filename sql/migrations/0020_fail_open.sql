-- 0020_fail_open.sql
-- Why:   the ledger program asks every few seconds which budgets stay open when the database is away; few do.
-- Locks: SHARE on budget.budget while the index is built (thousands of rows: milliseconds).
-- Mixed: release N-1 keeps working.
CREATE INDEX budget_fail_open ON budget.budget (tenant_id, budget_id) WHERE fail_mode = 'open' AND is_active;
