-- 0016_price_passes.sql
-- Why:   new prices make names of sources mean models that were not known before: a run looks them up once more.
-- Locks: ACCESS EXCLUSIVE on price_update (a few rows).
-- Mixed: first release.

ALTER TABLE budget.price_update ADD COLUMN passes integer NOT NULL DEFAULT 0;
ALTER TABLE budget.price_update DROP CONSTRAINT price_update_state_check;
ALTER TABLE budget.price_update ADD CONSTRAINT price_update_state_check
    CHECK (state IN ('importing', 'deciding', 'resolving', 'weighing', 'done'));
