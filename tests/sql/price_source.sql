-- Price sources as rows: seeded, due by their interval, changed by admins, pinned by config.yaml, asked to run.
BEGIN;
SELECT plan(27);
\ir ../harness/prices.psql
\set QUIET on
SELECT is((SELECT string_agg(source || ' ' || budget.decimal(trust) || ' ' || interval_seconds / 60, ', ' ORDER BY trust DESC, source)
    FROM budget.price_source WHERE source IN ('litellm', 'llmprices', 'pretrainedai')), 'litellm 0.9 360, llmprices 0.8 720, pretrainedai 0.7 1440',
    'a new database knows the sources of the original');
SELECT is((SELECT string_agg(source, ' ' ORDER BY source) FROM budget.price_source),
    'file genai-prices litellm llm-prices llmprices openrouter pretrainedai', 'and some more');

-- due
SELECT is((SELECT count(*) FROM budget.price_sources_due(NULL, false)), 6::bigint, 'what never was fetched is due, if it has a url');
SELECT budget.price_source_fetched('litellm', 'fetched', '"e1"', 'Mon', NULL) \g /dev/null
SELECT is((SELECT count(*) FROM budget.price_sources_due(NULL, false) WHERE source = 'litellm'), 0::bigint, 'not again at once');
SELECT is((SELECT etag || last_modified FROM budget.price_sources_due(NULL, true) WHERE source = 'litellm'), '"e1"Mon',
    'but with all, and with what the last answer said');
UPDATE budget.price_source SET last_fetched_at = now() - interval '6 hours' WHERE source = 'litellm';
SELECT is((SELECT count(*) FROM budget.price_sources_due(NULL, false) WHERE source = 'litellm'), 1::bigint, 'after its interval');
SELECT budget.price_source_fetched('litellm', 'failed', NULL, NULL, 'no route'), budget.price_source_fetched('litellm', 'failed', NULL, NULL, 'no route') \g /dev/null
SELECT is((SELECT concat_ws(' ', etag, failures, last_error, budget.price_source_due_at(s) - s.last_fetched_at) FROM budget.price_source AS s
    WHERE source = 'litellm'), '"e1" 2 no route 12:00:00', 'a failure keeps the rest and waits longer');
SELECT is((SELECT count(*) FROM budget.price_sources_due(ARRAY['file'], false)), 1::bigint, 'one that is named always is');
SELECT throws_ok($$SELECT budget.price_sources_due(ARRAY['nobody'], false)$$, 'BG404', NULL, 'if there is one');

-- changed
SELECT is((pg_temp.as_ann('price_source_patch', '{"source": "openrouter", "trust": 0.6, "enabled": false}')::json) ->> 'trust', '0.6',
    'trust is changed');
SELECT is((SELECT count(*) FROM budget.price_sources_due(NULL, true) WHERE source = 'openrouter'), 0::bigint, 'and switched off');
SELECT is((SELECT action || ' ' || (before ->> 'trust') || ' ' || (after ->> 'trust') FROM budget.audit_log WHERE actor = 'ann'),
    'price_source.update 0.8 0.6', 'audited');
SELECT is(pg_temp.as_ann('price_source_patch', '{"source": "openrouter", "trust": 1.1}'), 'BG422 out_of_range /trust', 'in its range');
SELECT is(pg_temp.as_ann('price_source_patch', '{"source": "litellm", "url": "ftp://x"}'), 'BG422 invalid_value /url', 'over http');
SELECT is(pg_temp.as_ann('price_source_patch', '{"source": "nobody"}'), 'BG404 source_not_found', 'if there is one');
SELECT throws_ok(format('SELECT budget.price_source_patch(%L, ''{}'', ''{"source": "litellm"}'')', budget.uuid_v7()), 'BG403', NULL,
    'by the house alone');
SELECT is((pg_temp.as_ann('price_source_patch', '{"source": "litellm", "url": "https://me:secret@x.example/p?key=1"}')::json) ->> 'url',
    'https://…@x.example/p?…', 'secrets in a url are for admins');

-- pinned
INSERT INTO budget.setting_effective (name, value, source) VALUES ('price_source.litellm.trust', '0.5', 'config.yaml'),
    ('price_source.house.kind', 'file', 'config.yaml'), ('price_source.house.url', 'ours.csv', 'config.yaml');
SELECT is((SELECT string_agg(e, '; ') FROM budget.price_sources_seed() AS e),
    'price source house: kind, url (config.yaml); price source litellm: trust (config.yaml)', 'config.yaml wins for the keys it names');
SELECT is((SELECT string_agg(e, '; ') FROM budget.price_sources_seed() AS e), NULL, 'once');
SELECT is(pg_temp.as_ann('price_source_patch', '{"source": "litellm", "trust": 0.9}'), 'BG409 setting_overridden /trust', 'they are changed there');
SELECT is((pg_temp.as_ann('price_source_patch', '{"source": "litellm", "interval": 7200}')::json) ->> 'interval', '7200', 'others here');
SELECT is((SELECT url FROM budget.price_sources_due(NULL, false) WHERE source = 'house'), 'ours.csv', 'a source of one''s own is made');

-- asked to run
SELECT is((pg_temp.as_ann('price_update_start', '{"sources": ["litellm"], "dry_run": true}')::json) ->> 'status', 'queued', 'a run is asked for');
SELECT is((SELECT string_agg(j.job, ' ') FROM budget.jobs_requested() AS j), 'price-update', 'the schedule sees it');
SELECT is((SELECT count(*) FROM budget.job_run WHERE status = 'queued' AND pg_temp.as_ann('price_update_start',
    '{"sources": ["litellm"], "dry_run": true}') <> ''), 1::bigint, 'the same wish is the same run');
SELECT is(pg_temp.as_ann('price_update_start', '{"sources": ["nobody"]}'), 'BG404 unknown_source /sources', 'of sources there are');
SELECT budget.job_begin('price-update', 'Fetches prices.', NULL, false, true) AS run \gset
SELECT is((SELECT concat_ws(' ', r.dry_run, r.options ->> 'sources', r.status) FROM budget.job_run AS r WHERE r.run_id = :'run'),
    't ["litellm"] running', 'a copy that starts takes it');
SELECT * FROM finish();
ROLLBACK;
