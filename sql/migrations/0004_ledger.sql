-- 0004_ledger.sql
-- Why:   the ledger: who holds what, what was spent, and the facts behind both.
-- Locks: none (first install).
-- Mixed: first release.
-- No foreign keys on these tables (budget verify checks instead); hot rows are HOT-updatable: no secondary index on them.
-- Lock order, for everybody: tenant epoch (advisory) -> request_key by key -> hold by id -> policy_state by (revision,
-- scope) -> counter -> inserts of usage_record and hold by id -> alert, outbox, audit_log.

-- A shape is a distinct combination of what policies and prices look at. Records name it by number: narrow rows, and
-- matching and pricing run once per shape. NULL = the request did not say (holds only): it matches every filter.
CREATE TABLE budget.shape (
    tenant_id uuid NOT NULL,
    shape_id  integer NOT NULL,                   -- per tenant, taken under an advisory lock
    budget_id uuid NOT NULL,
    provider  text,
    model     text,                               -- as the client named it
    tier      text,
    component text,
    task_type text,
    PRIMARY KEY (tenant_id, shape_id)
);
CREATE UNIQUE INDEX shape_tuple ON budget.shape (tenant_id, budget_id, model, provider, component, task_type, tier)
    NULLS NOT DISTINCT;

-- What a combination of request attributes means under the current policies and catalogue; made again when an epoch has
-- moved on. Keyed by a hash of the attributes as the client sent them (the tier may be absent there).
CREATE TABLE budget.shape_plan (
    tenant_id      uuid NOT NULL,
    attrs_hash     uuid NOT NULL,                 -- md5 over budget, provider, model, tier, component, task_type
    policy_epoch   bigint NOT NULL,
    price_epoch    bigint NOT NULL,               -- the tenant's plus the catalogue's
    shape_id       integer NOT NULL,
    tier           text NOT NULL,                 -- as sent, else derived from the model
    revisions      integer[] NOT NULL,            -- policies that count this shape, ascending, at most 32
    is_scoped      boolean NOT NULL,              -- one of them counts sessions or tasks apart
    price_provider text,                          -- canonical model that prices it; the dearest candidate when the
    price_model    text,                          -- request names no model; NULL = unpriced
    PRIMARY KEY (tenant_id, attrs_hash)
);

CREATE TABLE budget.policy_state (
    tenant_id     uuid NOT NULL,
    revision      integer NOT NULL,
    scope         text NOT NULL DEFAULT '',       -- context_id (per_session), task_id (per_task), else ''
    held_cost     numeric NOT NULL DEFAULT 0 CHECK (held_cost >= 0),
    held_tokens   bigint NOT NULL DEFAULT 0 CHECK (held_tokens >= 0),
    window_floor  timestamptz,                    -- rolling: buckets from here on are summed below
    window_cost   numeric NOT NULL DEFAULT 0,
    window_tokens bigint NOT NULL DEFAULT 0,
    last_t        timestamptz NOT NULL DEFAULT '-infinity', -- latest instant a decision was made at
    touched_at    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, revision, scope)
) WITH (fillfactor = 20, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0);
COMMENT ON TABLE budget.policy_state IS 'The mutex of a policy and the home of what is held. A live hold counts in every period it lives in.';

CREATE TABLE budget.counter (
    tenant_id      uuid NOT NULL,
    revision       integer NOT NULL,
    scope          text NOT NULL DEFAULT '',
    period_start   timestamptz NOT NULL,          -- rolling: start of the bucket
    spent_cost     numeric NOT NULL DEFAULT 0,    -- priced spend, openings and corrections included
    spent_tokens   bigint NOT NULL DEFAULT 0,
    ceiling_cost   numeric NOT NULL DEFAULT 0,    -- unpriced usage at the configured ceiling
    opening_cost   numeric NOT NULL DEFAULT 0,    -- part of the three above that a new revision found already there
    opening_tokens bigint NOT NULL DEFAULT 0,
    opening_ceiling numeric NOT NULL DEFAULT 0,
    records        bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant_id, revision, scope, period_start)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0);

CREATE TABLE budget.hold (
    tenant_id      uuid NOT NULL,
    hold_id        uuid NOT NULL,                 -- UUIDv7: allocation_id on the wire
    kind           text NOT NULL CHECK (kind IN ('check', 'allocation', 'slice')),
    state          text NOT NULL DEFAULT 'live' CHECK (state IN ('live', 'settled', 'released', 'expired')),
    shape_id       integer NOT NULL,
    budget_id      uuid NOT NULL,
    context_id     text,
    task_id        text,
    priority       smallint NOT NULL DEFAULT 5 CHECK (priority BETWEEN 1 AND 10),
    revisions      integer[] NOT NULL,            -- policies that hold it, ascending
    tokens         bigint NOT NULL CHECK (tokens >= 0),
    cost           numeric NOT NULL CHECK (cost >= 0),          -- held: the bound
    estimated_cost numeric,                       -- shown: the plain estimate
    left_tokens    bigint NOT NULL CHECK (left_tokens >= 0),
    left_cost      numeric NOT NULL CHECK (left_cost >= 0),
    used_tokens    bigint NOT NULL DEFAULT 0,
    used_input_tokens bigint NOT NULL DEFAULT 0,
    used_output_tokens bigint NOT NULL DEFAULT 0,
    actual_cost    numeric NOT NULL DEFAULT 0,
    overage_tokens bigint NOT NULL DEFAULT 0,
    overage_cost   numeric NOT NULL DEFAULT 0,
    is_priced      boolean NOT NULL DEFAULT true,
    is_final       boolean NOT NULL,              -- a record settles it unless it says final: false
    pricing_id     uuid,
    created_at     timestamptz NOT NULL,
    expires_at     timestamptz NOT NULL,
    resolved_at    timestamptz,
    key_id         uuid,
    body_hash      bytea NOT NULL,
    metadata       jsonb,
    PRIMARY KEY (tenant_id, hold_id)
) PARTITION BY RANGE (hold_id);
CREATE INDEX hold_expiry ON budget.hold (tenant_id, expires_at) WHERE state = 'live';
CREATE INDEX hold_context ON budget.hold (tenant_id, context_id, hold_id) WHERE state = 'live';

CREATE TABLE budget.usage_record (
    tenant_id             uuid NOT NULL,
    record_id             uuid NOT NULL,          -- UUIDv7 of booking time
    occurred_at           timestamptz NOT NULL,   -- as reported
    charged_at            timestamptz NOT NULL,   -- the instant whose periods it counts in
    received_at           timestamptz NOT NULL,
    shape_id              integer NOT NULL,
    hold_id               uuid,
    context_id            text,
    task_id               text,
    input_tokens          bigint NOT NULL DEFAULT 0,
    cache_read_tokens     bigint NOT NULL DEFAULT 0,
    cache_write_5m_tokens bigint NOT NULL DEFAULT 0,
    cache_write_1h_tokens bigint NOT NULL DEFAULT 0,
    output_tokens         bigint NOT NULL DEFAULT 0,
    reasoning_tokens      bigint NOT NULL DEFAULT 0,
    input_audio_tokens    bigint NOT NULL DEFAULT 0,
    output_audio_tokens   bigint NOT NULL DEFAULT 0,
    input_image_tokens    bigint NOT NULL DEFAULT 0,
    output_image_tokens   bigint NOT NULL DEFAULT 0,
    total_tokens          bigint NOT NULL,        -- sum of the ten classes
    requests              bigint NOT NULL DEFAULT 1,
    characters            bigint NOT NULL DEFAULT 0,
    images                bigint NOT NULL DEFAULT 0,
    seconds               numeric NOT NULL DEFAULT 0,
    output_characters     bigint NOT NULL DEFAULT 0,
    web_searches          bigint NOT NULL DEFAULT 0,
    pricing_id            uuid,                   -- price frozen on the record; NULL = unpriced
    input_cost            numeric,
    output_cost           numeric,
    cost                  numeric,                -- NULL = unpriced; exact, never rounded
    ceiling_cost          numeric,                -- what an unpriced record counts for
    reported_cost         numeric,                -- as the provider reported it
    consumed_tokens       bigint NOT NULL DEFAULT 0, -- part that its hold covered
    consumed_cost         numeric NOT NULL DEFAULT 0,
    cause                 text NOT NULL DEFAULT 'unheld'
                          CHECK (cause IN ('held', 'overage', 'unheld', 'late', 'hold_unknown', 'degraded', 'import')),
    revisions             integer[] NOT NULL,     -- policies it was posted to
    flags                 text[],
    operation_id          text,
    request_id            text,
    user_id               text,
    key_id                uuid,
    body_hash             bytea NOT NULL,
    metadata              jsonb,
    raw                   jsonb,
    xid                   xid8 NOT NULL DEFAULT pg_current_xact_id(), -- watermark for roll-ups
    PRIMARY KEY (tenant_id, record_id)
) PARTITION BY RANGE (record_id);
CREATE INDEX usage_record_charged ON budget.usage_record (tenant_id, charged_at, record_id);
CREATE INDEX usage_record_xid ON budget.usage_record USING brin ((xid::text::bigint)); -- brin knows no xid8

-- Idempotency of header keys and of ids that are no booking-time UUIDv7; those ids are their own key.
CREATE TABLE budget.request_key (
    tenant_id  uuid NOT NULL,
    verb       text NOT NULL,                     -- 'record', 'reserve', …
    key_hash   bytea NOT NULL CHECK (length(key_hash) = 16),
    body_hash  bytea NOT NULL,
    entity_id  uuid NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (tenant_id, verb, key_hash)
) WITH (autovacuum_vacuum_scale_factor = 0.02);
CREATE INDEX request_key_age ON budget.request_key USING brin (created_at);

CREATE TABLE budget.price_run (
    tenant_id  uuid NOT NULL,
    run_id     uuid NOT NULL,
    kind       text NOT NULL CHECK (kind IN ('reprice', 'true_up', 'undo', 'recalculate')),
    undo_of    uuid,
    reason     text NOT NULL DEFAULT '',
    created_by text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, run_id)
);

CREATE TABLE budget.correction (
    tenant_id     uuid NOT NULL,
    run_id        uuid NOT NULL,
    record_id     uuid NOT NULL,
    delta_cost    numeric NOT NULL,
    delta_ceiling numeric NOT NULL,
    pricing_id    uuid,
    created_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (tenant_id, run_id, record_id)
);
CREATE INDEX correction_record ON budget.correction (tenant_id, record_id);

-- How often a policy refused, by hour: approximate, flushed from the handlers' memory at most once a second.
CREATE TABLE budget.denial (
    tenant_id uuid NOT NULL,
    revision  integer NOT NULL,
    hour      timestamptz NOT NULL,
    count     bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant_id, revision, hour)
);
