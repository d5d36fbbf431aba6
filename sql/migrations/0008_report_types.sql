-- 0008_report_types.sql
-- Why:   sums over usage travel between the functions that make pages and reports.
-- Locks: none (first install).
-- Mixed: first release.

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
    output_characters     numeric,
    web_searches          numeric,
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
