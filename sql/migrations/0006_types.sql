-- 0006_types.sql
-- Why:   every API function answers in one shape.
-- Locks: none (first install).
-- Mixed: first release.

-- status: HTTP status, NULL = the route's success; body: json, not jsonb: the order of members is for people;
-- etag: version of the object without quotes, or NULL.
CREATE TYPE budget.reply AS (status integer, body json, etag text);

-- Sums over usage records, one row a shape: exact, corrections included. Token sums are numeric: 10^12 a record, times many.
CREATE TYPE budget.usage_sum AS (
    shape_id              integer,
    count                 bigint,
    input_tokens          numeric,
    cache_read_tokens     numeric,
    cache_write_5m_tokens numeric,
    cache_write_1h_tokens numeric,
    output_tokens         numeric,
    reasoning_tokens      numeric,
    input_audio_tokens    numeric,
    output_audio_tokens   numeric,
    input_image_tokens    numeric,
    output_image_tokens   numeric,
    total_tokens          numeric,
    requests              numeric,
    characters            numeric,
    images                numeric,
    seconds               numeric,
    input_cost            numeric,                -- as recorded; corrections have no sides
    output_cost           numeric,
    cost                  numeric,                -- as of now: recorded + corrections
    correction_count      bigint,
    correction_cost       numeric,
    unpriced_count        bigint,
    unpriced_tokens       numeric,
    ceiling_cost          numeric                 -- what the unpriced ones count for
);
