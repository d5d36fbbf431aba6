-- 0014_standing_causes.sql
-- Why:   what stands above a limit is told apart by cause (sql/functions/over).
-- Locks: none.
-- Mixed: release N-1 keeps working while this runs.

-- Something that may have lifted a counter above its limit, and by how much.
CREATE TYPE budget.over_entry AS (
    at     timestamptz,
    cause  text,
    cost   numeric,
    tokens bigint
);
