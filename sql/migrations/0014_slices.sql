-- 0014_slices.sql
-- Why:   a budget may hold a slice of itself for a child; an expired hold may be admitted again; what stands above a limit
--        is told apart by cause.
-- Locks: ACCESS EXCLUSIVE on hold, policy and shape_plan for the moment it takes to add columns that are NULL.
-- Mixed: release N-1 keeps working while this runs; what it admits meanwhile knows no slices.

-- A hold that was admitted anew, or with more, counts from then on: usage is charged at its own time or later.
ALTER TABLE budget.hold ADD COLUMN admitted_at timestamptz;      -- NULL = created_at
ALTER TABLE budget.hold ADD COLUMN ends_by timestamptz;          -- never lives longer: the end of the slice it is held in

-- What holds of this shape are held on, where a slice covers some of its policies (NULL = on all of them), and the
-- slices that its records are taken from.
ALTER TABLE budget.shape_plan ADD COLUMN held integer[];
ALTER TABLE budget.shape_plan ADD COLUMN slices uuid[];

-- The limit that is a slice: of the child, and nothing from the slice's end on.
ALTER TABLE budget.policy ADD COLUMN slice_hold_id uuid;
ALTER TABLE budget.policy ADD COLUMN ends_at timestamptz;

-- What each record of a child took from a slice: spent moves with it from held to spent on the slice's policies.
CREATE TABLE budget.slice_use (
    tenant_id uuid NOT NULL,
    hold_id   uuid NOT NULL,                      -- the slice
    record_id uuid NOT NULL,
    cost      numeric NOT NULL,
    tokens    bigint NOT NULL,
    PRIMARY KEY (tenant_id, hold_id, record_id)
);

-- Every limit a policy ever had, with the moment it came: what was admitted under a higher one is told from what no
-- limit ever allowed.
CREATE TABLE budget.policy_limit (
    tenant_id   uuid NOT NULL,
    policy_id   uuid NOT NULL,
    since       timestamptz NOT NULL,
    type        text NOT NULL,
    cost_limit  numeric,
    token_limit bigint,
    PRIMARY KEY (tenant_id, policy_id, since)
);
DO $$ BEGIN PERFORM set_config('budget.tenant', '*', true); END $$;
INSERT INTO budget.policy_limit (tenant_id, policy_id, since, type, cost_limit, token_limit)
SELECT p.tenant_id, p.policy_id, p.updated_at, p.type, p.cost_limit, p.token_limit FROM budget.policy p;
DO $$ BEGIN PERFORM set_config('budget.tenant', '', true); END $$;

ALTER TYPE budget.ledger_flags ADD ATTRIBUTE has_slice boolean;  -- a record is taken from a slice
ALTER TYPE budget.ledger_shape ADD ATTRIBUTE slices uuid[], ADD ATTRIBUTE ends_by timestamptz;
ALTER TYPE budget.ledger_item ADD ATTRIBUTE ends_by timestamptz;
