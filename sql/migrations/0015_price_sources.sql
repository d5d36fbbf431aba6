-- 0015_price_sources.sql
-- Why:   prices come from several sources, are checked against each other, and what they disagree about is reviewed.
-- Locks: ACCESS EXCLUSIVE on price (a check that no two ranges overlap; hundreds of rows) and on job_run (two columns).
-- Mixed: first release.
-- Sources, their quotes and conflicts are of the house, like the catalogue they feed: no tenant_id.

CREATE TABLE budget.price_source (
    source           text PRIMARY KEY CHECK (source ~ '^[a-z][a-z0-9_.-]{0,62}$'),
    source_id        uuid NOT NULL UNIQUE DEFAULT gen_random_uuid(),
    display_name     text NOT NULL,
    kind             text NOT NULL,               -- which parser reads it (lib/source/registry.c)
    url              text,                        -- NULL: nothing to fetch so far; of kind 'file' a path
    interval_seconds integer NOT NULL CHECK (interval_seconds BETWEEN 60 AND 2678400),
    trust            numeric NOT NULL CHECK (trust BETWEEN 0 AND 1),
    enabled          boolean NOT NULL DEFAULT true,
    allow_private    boolean NOT NULL DEFAULT false, -- plain http and addresses of private networks
    max_bytes        bigint NOT NULL DEFAULT 33554432 CHECK (max_bytes > 0),
    timeout_seconds  integer NOT NULL DEFAULT 30 CHECK (timeout_seconds BETWEEN 1 AND 600),
    pinned           text[] NOT NULL DEFAULT '{}',   -- columns that config.yaml decides
    etag             text,
    last_modified    text,
    feed_at          timestamptz,                 -- date of the newest feed, where feeds say theirs
    last_fetched_at  timestamptz,                 -- last attempt
    last_ok_at       timestamptz,                 -- last time the feed was read, or had not changed
    last_outcome     text CHECK (last_outcome IN ('fetched', 'not_modified', 'failed')),
    last_error       text,
    failures         integer NOT NULL DEFAULT 0,  -- in a row
    counts           jsonb NOT NULL DEFAULT '{}', -- of the last import
    version          integer NOT NULL DEFAULT 1,
    updated_at       timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- What each source says now, as its parser gave it. trial: the dry run it belongs to; all zero = it counts.
CREATE TABLE budget.price_candidate (
    trial          uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000',
    source         text NOT NULL REFERENCES budget.price_source ON DELETE CASCADE,
    seller         text NOT NULL,                 -- canonical provider
    named          text NOT NULL,                 -- the model as the source names it, lower case
    service_tier   text NOT NULL,
    effective_date timestamptz NOT NULL DEFAULT '-infinity',
    end_date       timestamptz,
    price_type     text NOT NULL,
    rates          jsonb NOT NULL,                -- flat (price_flat), in the catalogue's currency
    fx             jsonb,                         -- {currency, rate, day, quoted: {…}} when it was converted
    about          jsonb NOT NULL DEFAULT '{}',   -- mode, context_tokens, …, source_url, note
    problem        text,                          -- why it counts for nothing: currency_without_rate
    home_provider  text,                          -- whose price the name means so far; NULL = no model known
    home_model     text,
    rank           smallint NOT NULL DEFAULT 0,   -- 0 that very name, 1 alias, 2 another date or region, 3 resold
    provider       text,                          -- what it counts for (price_settle); NULL = nothing
    model          text,
    run_id         uuid NOT NULL,                 -- that saw it last
    changed_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (trial, source, seller, named, service_tier, effective_date)
);
CREATE INDEX price_candidate_model ON budget.price_candidate (provider, model, service_tier);

CREATE TABLE budget.price_conflict (
    conflict_id        uuid PRIMARY KEY,
    provider           text NOT NULL,
    model              text NOT NULL,
    service_tier       text NOT NULL,
    kind               text NOT NULL CHECK (kind IN ('change', 'disagreement', 'outlier', 'units', 'untrusted', 'approved')),
    reason             text NOT NULL,
    state              text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'approved', 'rejected', 'settled')),
    current            jsonb,                     -- price in force as the API shows it; NULL = none
    candidates         jsonb NOT NULL,            -- what each source says, most trusted first
    fingerprint        text NOT NULL,             -- of the candidates: other quotes, another question
    opened_run         uuid,
    opened_at          timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at         timestamptz NOT NULL DEFAULT clock_timestamp(),
    alerted_at         timestamptz,
    decided_at         timestamptz,
    decided_by         text,
    decision           text,                      -- source approved, or 'manual'
    note               text,
    pricing_id         uuid,                      -- price the approval made
    version            integer NOT NULL DEFAULT 1
);
CREATE UNIQUE INDEX price_conflict_open ON budget.price_conflict (provider, model, service_tier) WHERE state = 'open';
CREATE INDEX price_conflict_model ON budget.price_conflict (provider, model, service_tier, conflict_id DESC);

-- How far a run has come, and what it found.
CREATE TABLE budget.price_update (
    run_id      uuid PRIMARY KEY,
    dry_run     boolean NOT NULL DEFAULT false,
    state       text NOT NULL DEFAULT 'importing' CHECK (state IN ('importing', 'deciding', 'weighing', 'done')),
    place       text[],                           -- deciding: the last model; weighing: the last tenant and day
    counts      jsonb NOT NULL DEFAULT '{}',
    sources     jsonb NOT NULL DEFAULT '{}',      -- {"<source>": {seen, quotes, …}}
    started_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    finished_at timestamptz
);

-- What a run decided, but for prices that stay as they are. A dry run: what it would have decided.
CREATE TABLE budget.price_decision (
    run_id            uuid NOT NULL REFERENCES budget.price_update ON DELETE CASCADE,
    provider          text NOT NULL,
    model             text NOT NULL,
    service_tier      text NOT NULL,
    action            text NOT NULL,              -- first, applied, verified, conflict, outlier
    reason            text NOT NULL,
    old               jsonb,
    new               jsonb,
    percent           numeric,                    -- largest change of a class
    sources           text[] NOT NULL,
    pricing_id        uuid,
    former_pricing_id uuid,
    conflict_id       uuid,
    PRIMARY KEY (run_id, provider, model, service_tier)
);

-- Dated rates of exchange: 1 `currency` = rate `base`.
CREATE TABLE budget.fx_rate (
    currency   text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    base       text NOT NULL CHECK (base ~ '^[A-Z]{3}$' AND base <> currency),
    day        date NOT NULL,
    rate       numeric NOT NULL CHECK (rate > 0 AND rate < 'Infinity'),
    source     text NOT NULL,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (currency, base, day)
);

-- One voice about a price, and what is made of all of them (price_judge).
CREATE TYPE budget.price_voice AS (
    source         text,
    trust          numeric,
    is_witness     boolean,                       -- a reseller's word about the maker's price: it may confirm, not set
    rates          jsonb,
    price_type     text,
    effective_date timestamptz,
    end_date       timestamptz,
    fx             jsonb,
    about          jsonb,
    named          text,
    fetched_at     timestamptz
);
CREATE TYPE budget.price_verdict AS (
    action  text,                                 -- unchanged, verified, first, applied, conflict
    kind    text,                                 -- of the conflict; beside another action: a voice to look at
    reason  text,
    winner  integer,                              -- index of the voice whose price it is
    rates   jsonb,
    agreed  boolean,
    percent numeric,
    sources text[]
);

CREATE TYPE budget.price_rules AS (              -- the settings that decide (price_rules())
    tolerance numeric,
    agreement numeric,
    bar       numeric,
    outlier   numeric,
    notice    numeric,
    max_age   interval
);

-- What the changes of a run mean for the last 30 days of each tenant, summed up day by day.
CREATE TABLE budget.price_effect (
    tenant_id    uuid NOT NULL,
    run_id       uuid NOT NULL REFERENCES budget.price_update ON DELETE CASCADE,
    provider     text NOT NULL,
    model        text NOT NULL,
    service_tier text NOT NULL,
    requests     bigint NOT NULL,
    spent        numeric NOT NULL,                -- by the prices then in force
    would_be     numeric NOT NULL,                -- by the new one
    PRIMARY KEY (tenant_id, run_id, provider, model, service_tier)
);

-- Ranges of one model and service tier never overlap. A hash stands for the key, so that no extension is needed.
ALTER TABLE budget.price ADD CONSTRAINT price_no_overlap EXCLUDE USING gist (
    int8range(hashtextextended(tenant_id::text || chr(31) || provider || chr(31) || model || chr(31) || service_tier, 0) >> 1,
              hashtextextended(tenant_id::text || chr(31) || provider || chr(31) || model || chr(31) || service_tier, 0) >> 1,
              '[]') WITH &&,
    tstzrange(effective_date, end_date) WITH &&);

-- A run asked for by the API stands in the list before it begins.
ALTER TABLE budget.job_run DROP CONSTRAINT job_run_status_check;
ALTER TABLE budget.job_run ADD CONSTRAINT job_run_status_check
    CHECK (status IN ('queued', 'running', 'ok', 'failed', 'skipped'));
ALTER TABLE budget.job_run ADD COLUMN options jsonb, ADD COLUMN requested_by text;
CREATE INDEX job_run_queued ON budget.job_run (run_id) WHERE status = 'queued';
