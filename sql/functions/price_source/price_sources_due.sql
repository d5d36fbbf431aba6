-- Sources to fetch. p_names NULL: all that are enabled, have a url and whose interval is over (after failures it
-- doubles, to a day at most); p_all: those not due too. Named ones: whatever their state. Called by cron/price_update.c.
CREATE OR REPLACE FUNCTION budget.price_sources_due(p_names text[], p_all boolean)
RETURNS TABLE (source text, kind text, url text, etag text, last_modified text, max_bytes bigint,
    timeout_seconds integer, allow_private boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, budget, pg_temp AS $$
DECLARE
    unknown constant text := (SELECT n FROM unnest(p_names) AS n
        WHERE NOT EXISTS (SELECT FROM budget.price_source AS s WHERE s.source = n) LIMIT 1);
BEGIN
    IF unknown IS NOT NULL THEN
        PERFORM budget.fail(404, 'unknown_source', '/sources', format('There is no price source %s: %s.', unknown,
            (SELECT string_agg(s.source, ', ' ORDER BY s.source) FROM budget.price_source AS s)));
    END IF;
    RETURN QUERY SELECT s.source, s.kind, s.url, s.etag, s.last_modified, s.max_bytes, s.timeout_seconds, s.allow_private
        FROM budget.price_source AS s
        WHERE CASE WHEN p_names IS NOT NULL THEN s.source = ANY (p_names)
                   ELSE s.enabled AND s.url IS NOT NULL AND (coalesce(p_all, false)
                        OR coalesce(budget.price_source_due_at(s) <= clock_timestamp(), true)) END
        ORDER BY s.trust DESC, s.source;
END $$;

-- When a source is due next; NULL: it never was fetched.
CREATE OR REPLACE FUNCTION budget.price_source_due_at(s budget.price_source) RETURNS timestamptz LANGUAGE sql STABLE AS $$
    SELECT s.last_fetched_at + make_interval(secs => CASE WHEN s.failures = 0 THEN s.interval_seconds
        ELSE greatest(s.interval_seconds, least(86400, s.interval_seconds * 2 ^ least(s.failures - 1, 10))) END)
$$;

-- How fetching a source went: fetched (etag and last_modified are the new ones), not_modified, failed (both stay, and
-- what is in force stays in force).
CREATE OR REPLACE FUNCTION budget.price_source_fetched(p_source text, p_outcome text, p_etag text, p_last_modified text,
    p_error text) RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, budget, pg_temp AS $$
    UPDATE budget.price_source AS s
    SET last_fetched_at = clock_timestamp(), last_outcome = p_outcome, last_error = left(p_error, 2000),
        failures = CASE p_outcome WHEN 'failed' THEN s.failures + 1 ELSE 0 END,
        last_ok_at = CASE p_outcome WHEN 'failed' THEN s.last_ok_at ELSE clock_timestamp() END,
        etag = CASE p_outcome WHEN 'fetched' THEN p_etag ELSE s.etag END,
        last_modified = CASE p_outcome WHEN 'fetched' THEN p_last_modified ELSE s.last_modified END
    WHERE s.source = p_source
$$;
