-- 0018_offers.sql
-- Why:   an offer must be able to serve: its largest answer counts too. Recommendations are judged by the tenant's own
--        traffic, summed up by model and context tier. A true-up begins where the oldest unpriced record is, not at the
--        beginning of time.
-- Locks: ACCESS EXCLUSIVE on budget.price_offer (tens of rows: milliseconds).
-- Mixed: release N-1 keeps working while this runs.

ALTER TABLE budget.price_offer ADD COLUMN max_output_tokens bigint; -- NULL = not known

ALTER TABLE budget.price_run ADD COLUMN unpriced_from timestamptz;     -- charged_at of the first it left without a price
ALTER TYPE budget.reprice_stretch ADD ATTRIBUTE unpriced_from timestamptz;
ALTER TABLE budget.tenant ADD COLUMN trued_up_from timestamptz;        -- no record before has no price; NULL = not known

-- What was asked of one model in one service tier: records between the same two context tiers, so that any price is
-- linear in the sums.
CREATE TYPE budget.traffic AS (
    provider       text,                          -- canonical
    model          text,
    service_tier   text,
    input_above    bigint,                        -- every record has more input than this; the next context tier is not passed
    usage          budget.token_usage,            -- sums
    records        bigint,
    recorded_cost  numeric,                       -- as of now
    unpriced       bigint,                        -- records among them without a price
    longest        bigint,                        -- most tokens of one record, input and output
    longest_answer bigint
);
