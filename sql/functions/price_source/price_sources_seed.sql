-- The sources a new database knows, then what config.yaml says about them (settings price_source.<name>.<key>): it wins
-- for the keys it names, and makes sources of its own that name a kind. What it no longer names keeps its last value.
-- Runs on every deploy and start. Returns one line per effect.
-- Writes: price_source.
CREATE OR REPLACE FUNCTION budget.price_sources_seed() RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    item record;
BEGIN
    INSERT INTO budget.price_source (source, display_name, kind, url, interval_seconds, trust, enabled)
    SELECT * FROM budget.price_sources_known() ON CONFLICT (source) DO NOTHING;
    UPDATE budget.price_source AS s SET pinned = '{}' WHERE s.pinned <> '{}';
    FOR item IN
        SELECT split_part(e.name, '.', 2) AS source, jsonb_object_agg(split_part(e.name, '.', 3), e.value) AS wanted
        FROM budget.setting_effective AS e WHERE e.name LIKE 'price\_source.%' AND e.value IS NOT NULL GROUP BY 1 ORDER BY 1
    LOOP
        RETURN QUERY SELECT budget.price_source_pin(item.source, item.wanted);
    END LOOP;
END $$;

CREATE OR REPLACE FUNCTION budget.price_source_pin(p_source text, wanted jsonb) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    before budget.price_source;
    after budget.price_source;
BEGIN
    SELECT * INTO before FROM budget.price_source AS s WHERE s.source = p_source;
    IF NOT FOUND AND wanted ->> 'kind' IS NULL THEN
        RETURN NEXT format('price source %s: not known and of no kind, so it is left out', p_source);
        RETURN;
    END IF;
    INSERT INTO budget.price_source AS s (source, display_name, kind, url, interval_seconds, trust, enabled, allow_private,
        max_bytes, timeout_seconds, pinned)
    VALUES (p_source, coalesce(before.display_name, p_source), coalesce(wanted ->> 'kind', before.kind),
        coalesce(wanted ->> 'url', before.url),
        coalesce((wanted ->> 'interval')::integer, before.interval_seconds, 86400),
        coalesce((wanted ->> 'trust')::numeric, before.trust, 0.5),
        coalesce((wanted ->> 'enabled')::boolean, before.enabled, true),
        coalesce((wanted ->> 'allow_private')::boolean, before.allow_private, false),
        coalesce((wanted ->> 'max_bytes')::bigint, before.max_bytes, 33554432),
        coalesce((wanted ->> 'timeout')::integer, before.timeout_seconds, 30),
        ARRAY(SELECT jsonb_object_keys(wanted) ORDER BY 1))
    ON CONFLICT (source) DO UPDATE SET kind = excluded.kind, url = excluded.url,
        interval_seconds = excluded.interval_seconds, trust = excluded.trust, enabled = excluded.enabled,
        allow_private = excluded.allow_private, max_bytes = excluded.max_bytes,
        timeout_seconds = excluded.timeout_seconds, pinned = excluded.pinned,
        etag = CASE WHEN s.url IS NOT DISTINCT FROM excluded.url THEN s.etag END,
        last_modified = CASE WHEN s.url IS NOT DISTINCT FROM excluded.url THEN s.last_modified END
    RETURNING * INTO after;
    IF budget.price_source_figures(before) IS DISTINCT FROM budget.price_source_figures(after) THEN
        UPDATE budget.price_source AS s SET version = s.version + 1, updated_at = clock_timestamp()
            WHERE s.source = p_source;
        RETURN NEXT format('price source %s: %s (config.yaml)', p_source, array_to_string(after.pinned, ', '));
    END IF;
END $$;

-- What people decide about a source.
CREATE OR REPLACE FUNCTION budget.price_source_figures(s budget.price_source) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
    SELECT jsonb_build_object('kind', s.kind, 'url', s.url, 'interval', s.interval_seconds, 'trust', s.trust, 'enabled',
        s.enabled, 'allow_private', s.allow_private, 'max_bytes', s.max_bytes, 'timeout', s.timeout_seconds)
$$;

-- kind is a parser of lib/source/registry.c. LiteLLM, LLMPrices and Pretrained.ai with the trust and the intervals of
-- the original (360, 720, 1440 minutes).
CREATE OR REPLACE FUNCTION budget.price_sources_known() RETURNS TABLE (source text, display_name text, kind text,
    url text, interval_seconds integer, trust numeric, enabled boolean) LANGUAGE sql IMMUTABLE AS $$
    VALUES
    ('litellm', 'LiteLLM', 'litellm',
     'https://raw.githubusercontent.com/BerriAI/litellm/main/model_prices_and_context_window.json', 21600, 0.9, true),
    ('llmprices', 'LLMPrices.com', 'llmprices_html', 'https://llmprices.com', 43200, 0.8, true),
    ('pretrainedai', 'Pretrained.ai', 'pretrained_html', 'https://pretrained.ai/pricing', 86400, 0.7, true),
    ('llm-prices', 'llm-prices.com', 'llm_prices', 'https://www.llm-prices.com/current-v1.json', 43200, 0.8, true),
    ('openrouter', 'OpenRouter', 'openrouter', 'https://openrouter.ai/api/v1/models', 43200, 0.8, true),
    ('genai-prices', 'genai-prices', 'genai_prices',
     'https://raw.githubusercontent.com/pydantic/genai-prices/main/prices/new_data/v2/data.json', 43200, 0.8, true),
    ('file', 'A file of one''s own', 'file', NULL, 3600, 1, true)
$$;
