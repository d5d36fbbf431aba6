-- 0017_reprice.sql
-- Why:   corrections run in chunks, perhaps over minutes and processes: a run keeps what it is about, how far it is and
--        what it changed by budget and model. A record keeps the service tier it was asked for, or a batch price that
--        arrives later would never reach it.
-- Locks: SHARE on each partition of usage_record while its index of unpriced records is built (writing waits).
-- Mixed: calls of release N-1's ledger functions fail from here to the replacement of the functions, which follows at
--        once (ledger_item has one member more); programs answer 503 or are not started yet.

ALTER TABLE budget.usage_record ADD COLUMN service_tier text;  -- as asked for; NULL = standard, or not said
ALTER TYPE budget.ledger_item ADD ATTRIBUTE service_tier text;
CREATE INDEX usage_record_unpriced ON budget.usage_record (tenant_id, charged_at, record_id) WHERE cost IS NULL;

ALTER TABLE budget.price_run
    ADD COLUMN state text NOT NULL DEFAULT 'done' CHECK (state IN ('running', 'done', 'stopped')),
    ADD COLUMN dry_run boolean NOT NULL DEFAULT false,
    ADD COLUMN filters jsonb NOT NULL DEFAULT '{}',       -- filters, as asked for
    ADD COLUMN starts timestamptz,                        -- records charged in [starts, ends)
    ADD COLUMN ends timestamptz,
    ADD COLUMN after_at timestamptz,                      -- the last record looked at; an undo goes by id alone
    ADD COLUMN after_id uuid,
    ADD COLUMN examined bigint NOT NULL DEFAULT 0,
    ADD COLUMN unpriced bigint NOT NULL DEFAULT 0,        -- of those: no price is known for them still
    ADD COLUMN ended_at timestamptz;
COMMENT ON COLUMN budget.price_run.state IS
    'running: a request or the job reprice goes on with it; stopped: an undo came first.';
-- One run at a time corrects a tenant; dry runs change nothing and may stand beside it.
CREATE UNIQUE INDEX price_run_running ON budget.price_run (tenant_id) WHERE state = 'running' AND NOT dry_run;
CREATE UNIQUE INDEX price_run_undo ON budget.price_run (tenant_id, undo_of) WHERE undo_of IS NOT NULL;

-- What a run changes, or a dry run would change, added up.
CREATE TABLE budget.price_run_line (
    tenant_id     uuid NOT NULL,
    run_id        uuid NOT NULL,
    budget_id     uuid NOT NULL,
    provider      text NOT NULL,                  -- as the records name them
    model         text NOT NULL,
    records       bigint NOT NULL,
    newly_priced  bigint NOT NULL,                -- of those: they had no price before
    old_cost      numeric NOT NULL,               -- priced cost before
    delta_cost    numeric NOT NULL,
    delta_ceiling numeric NOT NULL,
    PRIMARY KEY (tenant_id, run_id, budget_id, provider, model)
);

-- Up to which state of prices (its own epoch plus the catalogue's) a tenant's unpriced records were looked at; when.
ALTER TABLE budget.tenant ADD COLUMN trued_up_epoch bigint NOT NULL DEFAULT 0, ADD COLUMN trued_up_at timestamptz;

-- One record that a run corrects.
CREATE TYPE budget.reprice_item AS (
    record_id     uuid,
    charged_at    timestamptz,
    shape_id      integer,
    context_id    text,
    task_id       text,
    revisions     integer[],                      -- policies it was posted to
    was_priced    boolean,
    old_cost      numeric,                        -- as of now; 0 while unpriced
    pricing_id    uuid,                           -- price from here on; NULL: none, counted at the ceiling
    delta_cost    numeric,
    delta_ceiling numeric
);

-- A stretch of records a run looked at, and what differs among them.
CREATE TYPE budget.reprice_stretch AS (
    items    budget.reprice_item[],
    examined bigint,
    unpriced bigint,
    after_at timestamptz,
    after_id uuid,
    is_last  boolean
);

-- What corrections add to one counter. opening_*: the part of records that the revision found there when it opened.
CREATE TYPE budget.reprice_posting AS (
    revision        integer,
    scope           text,
    period_start    timestamptz,
    is_current      boolean,
    cost            numeric,
    ceiling         numeric,
    opening_cost    numeric,
    opening_ceiling numeric
);
