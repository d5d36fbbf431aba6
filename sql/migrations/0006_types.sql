-- 0006_types.sql
-- Why:   what every API function returns to the handlers.
-- Locks: none (first install).
-- Mixed: first release.

CREATE TYPE budget.reply AS (
    status integer, -- NULL = the success status of the route
    body   json,    -- json, not jsonb: the order of members is for people
    etag   text     -- version of the object, without quotes; NULL = none
);
