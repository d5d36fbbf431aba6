-- 0019_usage_raw.sql
-- Why:   what a provider said may be kept with its record, and what it charges is added up beside our own cost.
-- Locks: none but on the types.
-- Mixed: release N-1's functions are replaced in the same deploy.

ALTER TYPE budget.ledger_item ADD ATTRIBUTE raw jsonb;

ALTER TYPE budget.usage_sum ADD ATTRIBUTE reported_count bigint,
    ADD ATTRIBUTE reported_cost numeric,
    ADD ATTRIBUTE cost_gap numeric;
