-- PATCH /prices/sources/{source} {url, trust, enabled, interval, allow_private, max_bytes, timeout}: changes what is
-- named. A key that config.yaml names is decided there.
-- Writes: price_source, audit_log.
CREATE OR REPLACE FUNCTION budget.price_source_patch(tenant uuid, context jsonb, args jsonb) RETURNS budget.reply
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, budget, pg_temp AS $$
DECLARE
    patch constant jsonb := args - 'source';
    before budget.price_source;
    after budget.price_source;
    fixed text;
BEGIN
    PERFORM budget.enter(tenant, context);
    PERFORM budget.price_house_only();
    SELECT * INTO before FROM budget.price_source AS s WHERE s.source = lower(args ->> 'source') FOR UPDATE;
    IF NOT FOUND THEN
        PERFORM budget.fail(404, 'source_not_found', '', format('There is no price source %s: %s.', args ->> 'source',
            (SELECT string_agg(s.source, ', ' ORDER BY s.source) FROM budget.price_source AS s)));
    END IF;
    PERFORM budget.match_version(before.version);
    fixed := (SELECT k FROM jsonb_object_keys(patch) AS k WHERE k = ANY (before.pinned) LIMIT 1);
    IF fixed IS NOT NULL THEN
        PERFORM budget.fail(409, 'setting_overridden', '/' || fixed, format(
            '%s of %s is set in config.yaml (prices.sources.%s.%s), which wins over what is stored here: change it there.',
            fixed, before.source, before.source, fixed));
    ELSIF (patch ->> 'trust')::numeric > 1 THEN
        PERFORM budget.fail(422, 'out_of_range', '/trust', 'trust lies between 0 and 1.');
    ELSIF patch ->> 'url' IS NOT NULL AND before.kind <> 'file' AND patch ->> 'url' !~ '^https?://[^/]' THEN
        PERFORM budget.fail(422, 'invalid_value', '/url', 'url begins with https:// (http:// with allow_private).');
    END IF;
    UPDATE budget.price_source AS s
    SET url = CASE WHEN patch ? 'url' THEN patch ->> 'url' ELSE s.url END,
        trust = coalesce((patch ->> 'trust')::numeric, s.trust),
        enabled = coalesce((patch ->> 'enabled')::boolean, s.enabled),
        interval_seconds = coalesce((patch ->> 'interval')::integer, s.interval_seconds),
        allow_private = coalesce((patch ->> 'allow_private')::boolean, s.allow_private),
        max_bytes = coalesce((patch ->> 'max_bytes')::bigint, s.max_bytes),
        timeout_seconds = coalesce((patch ->> 'timeout')::integer, s.timeout_seconds)
    WHERE s.source = before.source RETURNING * INTO after;
    IF budget.price_source_figures(before) <> budget.price_source_figures(after) THEN
        UPDATE budget.price_source AS s SET version = s.version + 1, updated_at = clock_timestamp(),
            etag = CASE WHEN before.url IS NOT DISTINCT FROM after.url THEN s.etag END,
            last_modified = CASE WHEN before.url IS NOT DISTINCT FROM after.url THEN s.last_modified END,
            failures = 0
        WHERE s.source = before.source RETURNING * INTO after;
        PERFORM budget.audit('price_source.update', after.source, budget.price_source_figures(before),
            budget.price_source_figures(after));
    END IF;
    RETURN ROW(NULL, budget.price_source_json(after), after.version::text)::budget.reply;
END $$;
