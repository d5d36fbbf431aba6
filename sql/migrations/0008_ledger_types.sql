-- 0008_ledger_types.sql
-- Why:   what passes between the steps of one ledger group (sql/functions/ledger/README.md).
-- Locks: none.
-- Mixed: first release.

-- The hold a request means, and what it says about the request.
CREATE TYPE budget.ledger_hold_ref AS (
    hold_id   uuid,
    budget_id uuid,
    component text,
    task_type text
);

-- What a reserve or check asks for.
CREATE TYPE budget.ledger_amount AS (
    hold_tokens    bigint,
    hold_cost      numeric,
    estimated_cost numeric
);

-- What requests of one group have in common: sent once, looked up once. Items point to it by position.
CREATE TYPE budget.ledger_shape AS (
    s              integer,       -- position, from 1
    error_code     text,          -- NULL = fine
    is_planned     boolean,       -- its shape_plan is of now
    key_budget_id  uuid,
    budget_id      uuid,
    time_zone      text,
    allow_free     boolean,
    hold_basis     text,
    provider       text,
    model          text,
    tier_sent      text,
    component      text,
    task_type      text,
    service_tier   text,
    hold_id        uuid,
    shape_id       integer,
    revisions      integer[],
    is_scoped      boolean,       -- one of these policies counts sessions or tasks apart
    price_provider text,          -- canonical model
    price_model    text,
    price          budget.price,  -- in force now
    ceiling_rate   numeric,
    fragment       text           -- members of a record's answer that the shape decides, as JSON text
);

-- One request as the ledger sees it: what the client said (first part), then what ledger_items() found out about it.
CREATE TYPE budget.ledger_item AS (
    n              integer,       -- position in the group, from 1
    verb           text,          -- record, reserve, release, extend
    id             uuid,          -- record_id or hold_id
    is_fresh       boolean,       -- we made the id for this call: it cannot have been used before
    key_hash       bytea,         -- 16 bytes when the request is known by another name than its id
    body_hash      bytea,
    key_id         uuid,
    context_id     text,
    task_id        text,
    hold_id        uuid,          -- as named, else the oldest live hold of the context and component
    occurred_at    timestamptz,
    received_at    timestamptz,
    usage          budget.token_usage,
    kind           text,
    priority       smallint,
    is_final       boolean,
    ttl_seconds    integer,
    reported_cost  numeric,
    operation_id   text,
    request_id     text,
    user_id        text,
    metadata       jsonb,
    flags          text[],
    -- found out
    error_code     text,          -- NULL = fine so far
    shape          integer,       -- position in the group's shapes
    budget_id      uuid,
    allow_free     boolean,
    shape_id       integer,
    revisions      integer[],
    scope_key      text,          -- equal for items that the same policy states count: shape, and session and task if scoped
    pricing_id     uuid,
    pricing_version integer,
    total_tokens   bigint,
    input_cost     numeric,
    output_cost    numeric,
    cost           numeric,       -- record: exact cost, NULL = unpriced
    ceiling_cost   numeric,       -- record: what an unpriced record counts for
    hold_tokens    bigint,        -- reserve: what is asked to be held
    hold_cost      numeric,
    estimated_cost numeric,
    is_priced      boolean,
    tokens_fit_provider text,     -- canonical model, for the refusal's advice
    tokens_fit_model    text
);

-- What a group holds, so that steps it does not need are not started: each statement has a fixed cost.
CREATE TYPE budget.ledger_flags AS (
    has_error   boolean,          -- an item failed at the door
    has_record  boolean,
    has_reserve boolean,
    has_hold    boolean,          -- an item names or found a hold
    has_repeat  boolean,          -- an id the client made, or a key
    has_key     boolean
);

-- What became of it.
CREATE TYPE budget.ledger_outcome AS (
    n               integer,
    status          integer,      -- HTTP; NULL = still open
    code            text,
    pointer         text,
    detail          text,
    is_replay       boolean,
    entity_id       uuid,         -- replay: the record or hold that answers
    charged_at      timestamptz,
    consumed_tokens bigint,
    consumed_cost   numeric,
    cause           text,
    flags           text[],
    released_tokens bigint,
    released_cost   numeric,
    extra           text          -- JSON: decision of a reserve, more members of its answer or refusal
);

-- One policy state (policy revision and scope) that the group touches, locked, with what stands in its current period.
CREATE TYPE budget.ledger_slot AS (
    revision       integer,
    scope          text,
    policy_id      uuid,
    type           text,
    period         text,
    window_seconds integer,
    time_zone      text,
    week_start     smallint,
    month_reset_day smallint,
    is_active      boolean,       -- enabled, current revision, within its dates
    cost_limit     numeric,
    token_limit    bigint,
    warning_threshold numeric,
    action_threshold  numeric,
    period_start   timestamptz,   -- of the instant the group decides at
    period_end     timestamptz,
    held_cost      numeric,
    held_tokens    bigint,
    spent_cost     numeric,       -- ceiling included
    spent_tokens   bigint,
    expired_cost   numeric,       -- part of held_* past its expiry and not swept yet, and granted headroom:
    expired_tokens bigint,        -- both 0 until a refusal threatens (ledger_slack)
    approved_cost  numeric,
    approved_tokens bigint,
    slack_known    boolean,
    window_floor   timestamptz,
    window_cost    numeric,
    window_tokens  bigint
);

-- What all requests with one scope_key meet: the policies that count them and the room these leave. Worked out once; a
-- request that fits with room to the nearest warning needs no look at the single policies.
CREATE TYPE budget.ledger_view AS (
    scope_key   text,
    slots       budget.ledger_slot[],
    room_cost   numeric,          -- least room of any policy that is not ignore; NULL = none limits it
    room_tokens bigint,
    calm_cost   numeric,          -- below this much no policy comes to its warning threshold
    calm_tokens bigint,
    tightest    integer,          -- position of the policy nearest to its limit
    fit         bigint,           -- tokens that would fit at the bound price
    prefix      text,             -- JSON text of a decision that all these requests share
    policies    text
);

-- The strictest answer over a request's policies, and the policy that gave it (or the tightest one).
CREATE TYPE budget.ledger_verdict AS (
    decision text,                -- allow, warn, approval_required, block
    slot     integer,             -- position of the deciding slot, NULL = no policy matches
    unit     text                 -- cost or tokens
);

-- What records add to one counter.
CREATE TYPE budget.ledger_posting AS (
    revision     integer,
    scope        text,
    period_start timestamptz,
    is_current   boolean,         -- of the slot's current period (rolling: inside the window)
    cost         numeric,
    ceiling      numeric,
    tokens       bigint,
    records      bigint
);

CREATE TYPE budget.ledger_result AS (
    n         integer,
    status    integer,            -- HTTP status of this item
    code      text,               -- of an error
    pointer   text,
    detail    text,
    is_replay boolean,
    id        uuid,
    body      text                -- JSON object: the answer, or more members of the problem document; a new record's
                                  -- lacks what the request itself said (C adds it)
);
