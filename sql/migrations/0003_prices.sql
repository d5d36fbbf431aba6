-- 0003_prices.sql
-- Why:   what a token costs, since when, by whose word.
-- Locks: none (first install).
-- Mixed: first release.
-- Rows of the all-zero tenant are the shared catalogue; a tenant's own rows win over it.

-- Who a provider is, by every name it goes by ("gemini", "gcp.gemini" and "google" are one).
CREATE TABLE budget.provider_name (
    tenant_id uuid NOT NULL,
    name      text NOT NULL CHECK (name = lower(name) AND name <> ''),
    provider  text NOT NULL CHECK (provider = lower(provider) AND provider <> ''), -- the canonical name
    kind      text NOT NULL CHECK (kind IN ('maker', 'host', 'reseller', 'local')),
    PRIMARY KEY (tenant_id, name)
);
COMMENT ON COLUMN budget.provider_name.kind IS
    'maker: sells its own models; host: serves models of others at prices of its own; reseller: at the maker''s price; local: free.';

CREATE TABLE budget.model (
    tenant_id         uuid NOT NULL,
    provider          text NOT NULL,
    model             text NOT NULL CHECK (model = lower(model)), -- canonical name
    display_name      text,                       -- as its provider writes it
    tier              text CHECK (tier IN ('local_lightweight', 'local_midweight', 'remote_heavyweight')),
    mode              text NOT NULL DEFAULT 'chat',   -- chat, embedding, image, audio, rerank
    context_tokens    bigint CHECK (context_tokens > 0),
    max_output_tokens bigint CHECK (max_output_tokens > 0),
    capabilities      text[] NOT NULL DEFAULT '{}',
    is_local          boolean NOT NULL DEFAULT false,
    PRIMARY KEY (tenant_id, provider, model)
);
CREATE INDEX model_by_name ON budget.model (tenant_id, model);

CREATE TABLE budget.model_alias (
    tenant_id      uuid NOT NULL,
    provider       text NOT NULL,
    alias          text NOT NULL CHECK (alias = lower(alias) AND alias <> ''),
    price_provider text NOT NULL,                 -- whose price it is; mostly the same provider
    model          text NOT NULL,                 -- canonical name
    PRIMARY KEY (tenant_id, provider, alias)
);
CREATE INDEX model_alias_by_name ON budget.model_alias (tenant_id, alias);

-- What is counted on one request: disjoint classes, as the columns of usage_record. NULL = 0 (requests: 1).
CREATE TYPE budget.token_usage AS (
    input_tokens          bigint,                 -- uncached
    cache_read_tokens     bigint,
    cache_write_5m_tokens bigint,
    cache_write_1h_tokens bigint,
    output_tokens         bigint,
    reasoning_tokens      bigint,
    input_audio_tokens    bigint,
    output_audio_tokens   bigint,
    input_image_tokens    bigint,
    output_image_tokens   bigint,
    requests              bigint,
    characters            bigint,
    images                bigint,
    seconds               numeric,
    output_characters     bigint,
    web_searches          bigint
);

-- A context tier. When all input of a request (cached or not) is more than above_input_tokens, these rates replace the
-- row's own for the whole request; NULL = the row's own stays.
CREATE TYPE budget.context_rate AS (
    above_input_tokens            bigint,
    input_cost_per_token          numeric,
    output_cost_per_token         numeric,
    cache_read_cost_per_token     numeric,
    cache_write_5m_cost_per_token numeric,
    cache_write_1h_cost_per_token numeric,
    reasoning_cost_per_token      numeric
);

CREATE TABLE budget.price (
    tenant_id                    uuid NOT NULL,
    pricing_id                   uuid NOT NULL,
    provider                     text NOT NULL CHECK (provider = lower(provider)),
    model                        text NOT NULL CHECK (model = lower(model)),   -- canonical name; '*' = any of a free local provider
    service_tier                 text NOT NULL DEFAULT 'standard', -- standard, batch, flex, priority
    price_type                   text NOT NULL DEFAULT 'token'
                                 CHECK (price_type IN ('token', 'character', 'image', 'time', 'fixed', 'free')),
    currency                     text NOT NULL DEFAULT 'USD',
    input_cost_per_token         numeric,
    output_cost_per_token        numeric,
    cache_read_cost_per_token    numeric,
    cache_write_5m_cost_per_token numeric,
    cache_write_1h_cost_per_token numeric,
    reasoning_cost_per_token     numeric,
    input_audio_cost_per_token   numeric,
    output_audio_cost_per_token  numeric,
    input_image_cost_per_token   numeric,
    output_image_cost_per_token  numeric,
    input_cost_per_char          numeric,
    output_cost_per_char         numeric,
    cost_per_image               numeric,
    cost_per_second              numeric,
    fixed_cost_per_request       numeric,
    web_search_cost_per_request  numeric,
    context_rates                budget.context_rate[],            -- ascending by above_input_tokens; NULL = none
    version                      integer NOT NULL DEFAULT 1,
    source                       text NOT NULL,   -- 'catalogue', 'manual', later the name of a price source
    source_url                   text,
    verified                     boolean NOT NULL DEFAULT false,
    approved_by                  text,
    effective_date               timestamptz NOT NULL,
    end_date                     timestamptz,     -- exclusive; NULL = in force
    created_at                   timestamptz NOT NULL DEFAULT now(),
    metadata                     jsonb NOT NULL DEFAULT '{}',
    PRIMARY KEY (tenant_id, pricing_id),
    UNIQUE (tenant_id, provider, model, service_tier, effective_date),
    CHECK (end_date > effective_date),
    CHECK (cardinality(context_rates) BETWEEN 1 AND 8),
    CHECK (least(input_cost_per_token, output_cost_per_token, cache_read_cost_per_token, cache_write_5m_cost_per_token,
                 cache_write_1h_cost_per_token, reasoning_cost_per_token, input_audio_cost_per_token,
                 output_audio_cost_per_token, input_image_cost_per_token, output_image_cost_per_token, input_cost_per_char,
                 output_cost_per_char, cost_per_image, cost_per_second, fixed_cost_per_request,
                 web_search_cost_per_request) >= 0)
);
COMMENT ON TABLE budget.price IS 'Append mostly: a new price closes the former row (end_date) in the same transaction, so effective ranges never overlap.';
CREATE INDEX price_by_model ON budget.price (tenant_id, model);

-- The table of tiers: an exact model name wins, then the longest prefix (model ends with '*'), then the provider, then the
-- row without both. Tekton's table, and ours to extend (sql/catalogue/tiers.csv).
CREATE TABLE budget.tier_rule (
    provider text NOT NULL DEFAULT '',            -- '' = any
    model    text NOT NULL DEFAULT '' CHECK (model = lower(model)), -- '' = any
    tier     text NOT NULL CHECK (tier IN ('local_lightweight', 'local_midweight', 'remote_heavyweight')),
    PRIMARY KEY (provider, model)
);

-- The cheapest models of each tier, worked out whenever prices change: budget.alternatives() answers from these few rows.
CREATE TABLE budget.price_offer (
    tenant_id      uuid NOT NULL,
    tier           text NOT NULL,
    mode           text NOT NULL,
    place          integer NOT NULL,              -- 1 = cheapest at a quarter input; free local ones last
    provider       text NOT NULL,
    model          text NOT NULL,
    pricing_id     uuid NOT NULL,
    input_cost     numeric NOT NULL,              -- per token, plain
    output_cost    numeric NOT NULL,
    input_bound    numeric NOT NULL,              -- per token, dearest class
    output_bound   numeric NOT NULL,
    request_cost   numeric NOT NULL,
    above          bigint,                        -- first context tier: from here on the row above is not the whole truth
    context_tokens bigint,
    is_local       boolean NOT NULL,
    until          timestamptz NOT NULL,          -- when its price ends
    PRIMARY KEY (tenant_id, tier, mode, place)
);
