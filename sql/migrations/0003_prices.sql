-- 0003_prices.sql
-- Why:   what a token costs, since when, by whose word.
-- Locks: none (first install).
-- Mixed: first release.
-- Rows of the all-zero tenant are the shared catalogue; a tenant's own rows win over it.

CREATE TABLE budget.model (
    tenant_id         uuid NOT NULL,
    provider          text NOT NULL,
    model             text NOT NULL,              -- canonical name
    display_name      text,
    tier              text CHECK (tier IN ('local_lightweight', 'local_midweight', 'remote_heavyweight')),
    mode              text NOT NULL DEFAULT 'chat',   -- chat, embedding, image, audio, rerank
    context_tokens    bigint CHECK (context_tokens > 0),
    max_output_tokens bigint CHECK (max_output_tokens > 0),
    capabilities      text[] NOT NULL DEFAULT '{}',
    is_local          boolean NOT NULL DEFAULT false,
    PRIMARY KEY (tenant_id, provider, model)
);

CREATE TABLE budget.model_alias (
    tenant_id uuid NOT NULL,
    provider  text NOT NULL,
    alias     text NOT NULL,
    model     text NOT NULL,
    PRIMARY KEY (tenant_id, provider, alias)
);

CREATE TABLE budget.price (
    tenant_id                    uuid NOT NULL,
    pricing_id                   uuid NOT NULL,
    provider                     text NOT NULL,
    model                        text NOT NULL,   -- canonical name
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
    CHECK (least(input_cost_per_token, output_cost_per_token, cache_read_cost_per_token, cache_write_5m_cost_per_token,
                 cache_write_1h_cost_per_token, reasoning_cost_per_token, input_audio_cost_per_token,
                 output_audio_cost_per_token, input_image_cost_per_token, output_image_cost_per_token, input_cost_per_char,
                 output_cost_per_char, cost_per_image, cost_per_second, fixed_cost_per_request,
                 web_search_cost_per_request) >= 0)
);
COMMENT ON TABLE budget.price IS 'Append mostly: a new price closes the former row (end_date) in the same transaction, so effective ranges never overlap.';

-- Above min_input_tokens (uncached + cached input of the whole request) these rates replace the row's own, for the whole request.
CREATE TABLE budget.price_context (
    tenant_id                     uuid NOT NULL,
    pricing_id                    uuid NOT NULL,
    above_input_tokens            bigint NOT NULL CHECK (above_input_tokens > 0),
    input_cost_per_token          numeric CHECK (input_cost_per_token >= 0),
    output_cost_per_token         numeric CHECK (output_cost_per_token >= 0),
    cache_read_cost_per_token     numeric CHECK (cache_read_cost_per_token >= 0),
    cache_write_5m_cost_per_token numeric CHECK (cache_write_5m_cost_per_token >= 0),
    cache_write_1h_cost_per_token numeric CHECK (cache_write_1h_cost_per_token >= 0),
    reasoning_cost_per_token      numeric CHECK (reasoning_cost_per_token >= 0),
    PRIMARY KEY (tenant_id, pricing_id, above_input_tokens),
    FOREIGN KEY (tenant_id, pricing_id) REFERENCES budget.price
);

-- First match by rank wins: exact model name, then provider, then the last row. Tekton's table, and ours to extend.
CREATE TABLE budget.tier_rule (
    rank     integer PRIMARY KEY,
    provider text,
    model    text,                                -- canonical or alias name, lower case
    tier     text NOT NULL CHECK (tier IN ('local_lightweight', 'local_midweight', 'remote_heavyweight'))
);
