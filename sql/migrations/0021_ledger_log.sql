-- 0021_ledger_log.sql
-- Why:   the log could not be replayed: it kept neither the instant a record's group decided at, when the record named a
--        time of its own, nor when a hold was extended and from what.
-- Locks: ACCESS EXCLUSIVE on budget.usage_record for the catalogue change (no rewrite: the column is nullable).
-- Mixed: release N-1 keeps working; what it books has no booked_at and its extensions leave no row.
ALTER TABLE budget.usage_record ADD COLUMN booked_at timestamptz;
COMMENT ON COLUMN budget.usage_record.booked_at IS
    'The instant t of the group that booked it: groups of one policy follow each other by it. NULL: older than this column.';

CREATE TABLE budget.hold_extension (
    tenant_id      uuid NOT NULL,
    hold_id        uuid NOT NULL,
    at             timestamptz NOT NULL,          -- t of the group
    expires_before timestamptz NOT NULL,
    expires_after  timestamptz NOT NULL,
    was_live       boolean NOT NULL,              -- false: it had expired and was admitted again
    added_tokens   bigint NOT NULL,               -- by which the hold itself grew or, negative, shrank
    added_cost     numeric NOT NULL,
    revisions      integer[] NOT NULL,            -- policies that hold it from here on
    PRIMARY KEY (tenant_id, hold_id, at)
);
COMMENT ON TABLE budget.hold_extension IS 'Append only: what extensions did to holds, so that the log can be replayed.';
