-- 0006_types.sql
-- Why:   every API function answers in one shape.
-- Locks: none (first install).
-- Mixed: first release.

-- status: HTTP status, NULL = the route's success; body: json, not jsonb: the order of members is for people;
-- etag: version of the object without quotes, or NULL.
CREATE TYPE budget.reply AS (status integer, body json, etag text);
