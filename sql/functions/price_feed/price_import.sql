-- A chunk of what a source says (lib/source/source.h has the form of a quote). Keeps it as candidates; nothing is decided
-- here. Called by cron/price_update.c.
--   p_options  dry_run: kept apart under the run's id; chunk, chunks; seen, skipped {reason: n}: counters of the whole
--              feed, stored with its last chunk; as_of: date of the feed, where it says one: an older feed than the last
--              changes nothing and is answered with stale: true
-- Returns the counts of this chunk: {seen, quotes, unchanged, skipped, unresolved}.
-- Writes: price_update, price_candidate, price_source.
CREATE OR REPLACE FUNCTION budget.price_import(p_run uuid, p_source text, p_quotes jsonb, p_options jsonb)
RETURNS jsonb LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, budget, pg_temp AS $$
DECLARE
    is_dry constant boolean := coalesce((p_options ->> 'dry_run')::boolean, false);
    as_of constant timestamptz := (p_options ->> 'as_of')::timestamptz;
    origin budget.price_source;
    chunk jsonb;
BEGIN
    PERFORM budget.enter(budget.catalogue_tenant(), '{"actor": "price-update", "role": "system"}');
    -- For the statements of this session that follow: nobody waits for this job, and on a busy machine settling a few
    -- thousand names may take longer than a request may.
    PERFORM set_config('statement_timeout', '60s', false);
    SELECT * INTO origin FROM budget.price_source AS s WHERE s.source = p_source FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        PERFORM budget.fail(404, 'unknown_source', '/source', format('There is no price source %s: %s.', p_source,
            (SELECT string_agg(s.source, ', ' ORDER BY s.source) FROM budget.price_source AS s)));
    END IF;
    INSERT INTO budget.price_update (run_id, dry_run) VALUES (p_run, is_dry) ON CONFLICT DO NOTHING;
    IF as_of < origin.feed_at THEN
        chunk := jsonb_build_object('seen', jsonb_array_length(p_quotes), 'quotes', 0, 'stale', true);
    ELSE
        chunk := budget.price_candidates_keep(CASE WHEN is_dry THEN p_run ELSE budget.no_trial() END, p_run, p_source,
            p_quotes);
    END IF;
    UPDATE budget.price_update AS u
    SET counts = budget.counts_add(u.counts, chunk - 'stale'),
        sources = u.sources || jsonb_build_object(p_source, budget.counts_add(u.sources -> p_source, chunk)
            || jsonb_strip_nulls(jsonb_build_object('feed_seen', p_options -> 'seen',
                   'feed_skipped', p_options -> 'skipped', 'stale', chunk -> 'stale')))
    WHERE u.run_id = p_run;
    IF NOT is_dry AND NOT chunk ? 'stale' AND p_options -> 'chunk' IS NOT DISTINCT FROM p_options -> 'chunks' THEN
        UPDATE budget.price_source AS s SET feed_at = greatest(s.feed_at, as_of), counts = u.sources -> p_source
        FROM budget.price_update AS u WHERE u.run_id = p_run AND s.source = p_source;
    END IF;
    RETURN chunk;
END $$;

-- The numbers of two objects added up; members of other types are those of the second.
CREATE OR REPLACE FUNCTION budget.counts_add(a jsonb, b jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(a, '{}') || coalesce(jsonb_object_agg(n.key, CASE
        WHEN jsonb_typeof(n.value) = 'number' AND jsonb_typeof(a -> n.key) = 'number'
        THEN to_jsonb((a ->> n.key)::numeric + (n.value #>> '{}')::numeric) ELSE n.value END), '{}')
    FROM jsonb_each(coalesce(b, '{}')) AS n
$$;

-- A name that comes twice in a run (spelled otherwise, or of two providers that are one) is what came first.
CREATE OR REPLACE FUNCTION budget.price_candidates_keep(p_trial uuid, p_run uuid, p_source text, p_quotes jsonb)
RETURNS jsonb LANGUAGE sql SET enable_nestloop = off AS $$
    WITH quote AS MATERIALIZED (
        SELECT DISTINCT ON (r.seller, r.named, r.service_tier, r.effective_date) r.*
        FROM jsonb_array_elements(p_quotes) WITH ORDINALITY AS q (item, place), budget.quote_read(q.item) AS r
        WHERE r.problem IS NULL OR r.problem = 'currency_without_rate'
        ORDER BY r.seller, r.named, r.service_tier, r.effective_date, q.place),
    before AS (
        SELECT q.seller, q.named, q.service_tier, q.effective_date,
               (c.rates, c.price_type, c.fx, c.about, c.problem, c.end_date, c.home_provider, c.home_model, c.rank)
               IS NOT DISTINCT FROM (q.rates, q.price_type, q.fx, q.about, q.problem, q.end_date, q.home_provider,
                   q.home_model, q.rank) AS is_same
        FROM quote AS q JOIN budget.price_candidate AS c ON c.trial = p_trial AND c.source = p_source
            AND c.seller = q.seller AND c.named = q.named AND c.service_tier = q.service_tier
            AND c.effective_date = q.effective_date AND c.run_id <> p_run),
    written AS (
        INSERT INTO budget.price_candidate AS c (trial, source, seller, named, service_tier, effective_date, end_date,
            price_type, rates, fx, about, problem, home_provider, home_model, rank, run_id)
        SELECT p_trial, p_source, q.seller, q.named, q.service_tier, q.effective_date, q.end_date, q.price_type, q.rates,
            q.fx, q.about, q.problem, q.home_provider, q.home_model, q.rank, p_run FROM quote AS q
        ON CONFLICT (trial, source, seller, named, service_tier, effective_date) DO UPDATE
        SET end_date = excluded.end_date, price_type = excluded.price_type, rates = excluded.rates, fx = excluded.fx,
            about = excluded.about, problem = excluded.problem, home_provider = excluded.home_provider,
            home_model = excluded.home_model, rank = excluded.rank, run_id = excluded.run_id,
            changed_at = CASE WHEN c.rates = excluded.rates THEN c.changed_at ELSE clock_timestamp() END
        WHERE c.run_id <> excluded.run_id
        RETURNING problem)
    SELECT jsonb_build_object('seen', jsonb_array_length(p_quotes), 'quotes', (SELECT count(*) FROM written),
        'unchanged', (SELECT count(*) FROM before WHERE is_same),
        'unresolved', (SELECT count(*) FROM written WHERE problem IS NOT NULL),
        'skipped', jsonb_array_length(p_quotes) - (SELECT count(*) FROM written))
$$;
