-- 0011_verify.sql
-- Why:   budget verify proves counters, holds and references against the log; it needs a place for sums in the making.
-- Locks: ACCESS EXCLUSIVE on budget.correction while it is rewritten (empty until a first reprice).
-- Mixed: release N-1 keeps working while this runs.

-- As on usage_record: which entries a snapshot taken earlier has seen can be told at any later time.
ALTER TABLE budget.correction ADD COLUMN xid xid8 NOT NULL DEFAULT pg_current_xact_id();

-- One proof. Everything is proven as of `snapshot`, in slices that each hold a snapshot of their own for a moment only:
-- records and corrections are append only and carry their transaction, so any later reader can add up just those that
-- `snapshot` saw. Unlogged: a proof that a crash interrupts is begun again.
CREATE UNLOGGED TABLE budget.verify_run (
    tenant_id    uuid NOT NULL,
    run_id       uuid NOT NULL,
    snapshot     pg_snapshot NOT NULL,
    started_at   timestamptz NOT NULL,
    touched_at   timestamptz NOT NULL,            -- last slice: a run left alone is swept away by a later one
    ended_at     timestamptz,
    part         text NOT NULL CHECK (part IN ('records', 'corrections', 'holds', 'keys', 'counters', 'done')),
    after        text,                            -- key of the last row of this part seen; NULL = none yet
    records      bigint NOT NULL DEFAULT 0,
    corrections  bigint NOT NULL DEFAULT 0,
    holds        bigint NOT NULL DEFAULT 0,
    request_keys bigint NOT NULL DEFAULT 0,
    states       bigint NOT NULL DEFAULT 0,
    counters     bigint NOT NULL DEFAULT 0,
    differences  bigint NOT NULL DEFAULT 0,       -- found; verify_difference keeps the first of them
    PRIMARY KEY (tenant_id, run_id)
);

-- A counter as it stood at the run's snapshot, and what the log says it should be.
CREATE UNLOGGED TABLE budget.verify_sum (
    tenant_id      uuid NOT NULL,
    run_id         uuid NOT NULL,
    revision       integer NOT NULL,
    scope          text NOT NULL,
    period_start   timestamptz NOT NULL,
    stored_cost    numeric NOT NULL DEFAULT 0,    -- stored_*: the counter; 0 where there is none
    stored_tokens  bigint NOT NULL DEFAULT 0,
    stored_ceiling numeric NOT NULL DEFAULT 0,
    stored_records bigint NOT NULL DEFAULT 0,
    cost           numeric NOT NULL DEFAULT 0,    -- opening + records + corrections
    tokens         numeric NOT NULL DEFAULT 0,
    ceiling        numeric NOT NULL DEFAULT 0,
    records        bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant_id, run_id, revision, scope, period_start)
) WITH (fillfactor = 70);

-- What records took from a hold, as far as the run's snapshot saw them.
CREATE UNLOGGED TABLE budget.verify_hold (
    tenant_id       uuid NOT NULL,
    run_id          uuid NOT NULL,
    hold_id         uuid NOT NULL,
    tokens          numeric NOT NULL,
    output_tokens   numeric NOT NULL,
    cost            numeric NOT NULL,
    consumed_tokens numeric NOT NULL,
    consumed_cost   numeric NOT NULL,
    PRIMARY KEY (tenant_id, run_id, hold_id)
) WITH (fillfactor = 70);

CREATE UNLOGGED TABLE budget.verify_difference (
    tenant_id    uuid NOT NULL,
    run_id       uuid NOT NULL,
    n            bigint NOT NULL,                 -- order found, from 1
    kind         text NOT NULL CHECK (kind IN ('counter', 'held', 'window', 'hold', 'record', 'correction', 'key')),
    field        text NOT NULL,                   -- what of it: cost, tokens, shape_id, …
    revision     integer,
    scope        text,
    period_start timestamptz,
    entity_id    text,                            -- hold, record or key
    stored       numeric,                         -- as it stands; NULL where it is no number
    proven       numeric,                         -- as the log says
    detail       text NOT NULL,
    repaired_at  timestamptz,                     -- budget recalculate took stored - proven out of it
    PRIMARY KEY (tenant_id, run_id, n)
);
