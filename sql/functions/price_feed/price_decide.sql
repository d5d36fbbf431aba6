-- Decides over what all sources say now. Called by cron/price_update.c after the imports of a run, again and again until
-- `more` is false: each call is a transaction of some tenths of a second, so that whoever records is not held up.
--   p_options  dry_run: says what would be done; sources [names]: only models that one of these has a quote of;
--              limit: differences answered at most (1000)
-- Returns {more, done, counts of the run so far …, differences: [{provider, model, service_tier, action, reason, old,
-- new, percent, sources}]}; differences with the last call.
-- Lock: prices of the catalogue (price_open), one writer at a time. Writes: price, model, price_conflict, price_decision,
-- price_update, price_candidate; when it changed prices tenant, price_offer, audit_log; at the end alert, outbox.
CREATE OR REPLACE FUNCTION budget.price_decide(p_run uuid, p_options jsonb) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, budget, pg_temp AS $$
DECLARE
    is_dry constant boolean := coalesce((p_options ->> 'dry_run')::boolean, false);
    trial constant uuid := CASE WHEN is_dry THEN p_run ELSE budget.no_trial() END;
    run budget.price_update;
BEGIN
    PERFORM budget.enter(budget.catalogue_tenant(), '{"actor": "price-update", "role": "system"}');
    INSERT INTO budget.price_update (run_id, dry_run) VALUES (p_run, is_dry) ON CONFLICT DO NOTHING;
    SELECT * INTO run FROM budget.price_update AS u WHERE u.run_id = p_run FOR UPDATE;
    IF run.state = 'importing' THEN
        PERFORM budget.price_settle(p_run, trial);
        PERFORM budget.price_updates_forget();
        IF EXISTS (SELECT FROM budget.price_update AS u WHERE u.counts ? 'unpublished') THEN
            PERFORM budget.prices_publish();
            UPDATE budget.price_update AS u SET counts = u.counts - 'unpublished' WHERE u.counts ? 'unpublished';
        END IF;
        run.state := 'deciding';
    ELSIF run.state = 'deciding' THEN
        run := budget.price_decide_some(run, p_options);
    ELSIF run.state = 'resolving' THEN
        run := budget.price_resolve_some(run);
    ELSIF run.state = 'weighing' THEN
        run := budget.price_weigh_next(run);
    END IF;
    UPDATE budget.price_update AS u SET state = run.state, place = run.place, counts = run.counts, passes = run.passes,
        finished_at = CASE WHEN run.state = 'done' THEN coalesce(u.finished_at, clock_timestamp()) END
    WHERE u.run_id = p_run;
    IF run.state = 'done' THEN
        DELETE FROM budget.price_candidate AS c WHERE c.trial = p_run;
    END IF;
    RETURN run.counts || jsonb_build_object('more', run.state <> 'done', 'done', run.state = 'done')
        || CASE WHEN run.state = 'done' THEN jsonb_build_object('differences',
               budget.price_differences(p_run, coalesce((p_options ->> 'limit')::integer, 1000))) ELSE '{}' END;
END $$;

-- New prices make names mean models that were not known when they were read: they are looked up again, a quarter of a
-- second at a time. Where that changes what counts for what, the models are decided once more in the same run, so that the
-- same feeds again have nothing to change.
CREATE OR REPLACE FUNCTION budget.price_resolve_some(run budget.price_update) RETURNS budget.price_update
LANGUAGE plpgsql AS $$
DECLARE
    ends constant timestamptz := clock_timestamp() + interval '250 milliseconds';
    item record;
    home record;
    any_left boolean := false;
    before text;
BEGIN
    FOR item IN
        SELECT DISTINCT c.seller, c.named, c.about -> 'maker' AS maker, c.home_provider, c.home_model, c.rank
        FROM budget.price_candidate AS c
        WHERE c.trial = budget.no_trial() AND (c.home_model IS NULL OR c.rank > 0)
          AND (run.place IS NULL OR (c.seller, c.named) > (run.place[1], run.place[2]))
        ORDER BY c.seller, c.named LIMIT 2000
    LOOP
        any_left := true;
        SELECT * INTO home FROM budget.quote_home(item.seller, item.named, item.maker);
        UPDATE budget.price_candidate AS c SET home_provider = home.home_provider, home_model = home.home_model,
            rank = home.rank
        WHERE c.trial = budget.no_trial() AND c.seller = item.seller AND c.named = item.named
          AND c.about -> 'maker' IS NOT DISTINCT FROM item.maker
          AND (item.home_provider, item.home_model, item.rank)
              IS DISTINCT FROM (home.home_provider, home.home_model, home.rank);
        run.place := ARRAY[item.seller, item.named];
        EXIT WHEN clock_timestamp() > ends;
    END LOOP;
    IF NOT any_left THEN
        run.place := NULL;
        run.passes := run.passes + 1;
        before := budget.price_places();
        PERFORM budget.price_settle(run.run_id, budget.no_trial());
        run.state := CASE WHEN before = budget.price_places() THEN 'weighing' ELSE 'deciding' END;
    END IF;
    RETURN run;
END $$;

-- What counts for what, as one word.
CREATE OR REPLACE FUNCTION budget.price_places() RETURNS text LANGUAGE sql STABLE AS $$
    SELECT md5(string_agg(concat_ws(' ', c.source, c.seller, c.named, c.service_tier, c.provider, c.model), E'\n'
        ORDER BY c.source, c.seller, c.named, c.service_tier, c.effective_date))
    FROM budget.price_candidate AS c WHERE c.trial = budget.no_trial() AND c.provider IS NOT NULL
$$;

-- Models one after the other, for a quarter of a second.
CREATE OR REPLACE FUNCTION budget.price_decide_some(run budget.price_update, p_options jsonb) RETURNS budget.price_update
LANGUAGE plpgsql AS $$
DECLARE
    ends constant timestamptz := clock_timestamp() + interval '250 milliseconds';
    rules constant budget.price_rules := budget.price_rules();
    wanted constant text[] := CASE WHEN jsonb_typeof(p_options -> 'sources') = 'array'
        THEN ARRAY(SELECT jsonb_array_elements_text(p_options -> 'sources')) END;
    item record;
    any_left boolean := false;
    changed uuid[] := '{}';
    decision budget.price_decision;
BEGIN
    FOR item IN
        SELECT DISTINCT c.provider, c.model, c.service_tier, nullif(c.service_tier, 'standard') AS other_tier
        FROM budget.candidates_of(run) AS c
        WHERE (wanted IS NULL OR c.source = ANY (wanted)) AND (run.place IS NULL
            OR (c.provider, c.model, CASE c.service_tier WHEN 'standard' THEN '' ELSE c.service_tier END)
               > (run.place[1], run.place[2], run.place[3]))
        ORDER BY c.provider, c.model, other_tier NULLS FIRST LIMIT 2000
    LOOP
        any_left := true;
        decision := budget.price_decide_one(run, item.provider, item.model, item.service_tier, rules);
        IF run.passes = 0 OR decision.action NOT IN ('unchanged', 'reviewed', 'waiting') THEN
            run.counts := budget.counts_add(run.counts, jsonb_build_object(budget.decision_counter(decision.action), 1));
        END IF;
        IF NOT run.dry_run AND decision.pricing_id IS NOT NULL THEN
            changed := changed || decision.pricing_id;
        END IF;
        run.place := ARRAY[item.provider, item.model, coalesce(item.other_tier, '')];
        EXIT WHEN clock_timestamp() > ends;
    END LOOP;
    IF NOT any_left THEN
        run.state := CASE WHEN run.dry_run OR run.passes >= 2 THEN 'weighing' ELSE 'resolving' END;
        run.place := NULL;
    END IF;
    IF changed <> '{}' THEN
        PERFORM budget.audit('price.import', run.run_id::text, NULL, jsonb_build_object('run_id', run.run_id,
            'prices', cardinality(changed), 'pricing_ids', to_jsonb(changed)));
        run.counts := budget.counts_add(run.counts, jsonb_build_object('unpublished', cardinality(changed)));
    END IF;
    IF run.counts ? 'unpublished' AND (NOT any_left OR (SELECT t.updated_at < clock_timestamp() - interval '3 seconds'
           FROM budget.tenant AS t WHERE t.tenant_id = budget.catalogue_tenant())) THEN
        PERFORM budget.prices_publish();
        run.counts := run.counts - 'unpublished';
    END IF;
    RETURN run;
END $$;

-- Lets everybody see new models: plans and offers made before are stale. A price that changes is seen without it, so a
-- run does it every few seconds and at its end, not with each transaction; one that died is made up for by the next.
CREATE OR REPLACE FUNCTION budget.prices_publish() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    UPDATE budget.tenant AS t SET price_epoch = t.price_epoch + 1, updated_at = now()
        WHERE t.tenant_id = budget.catalogue_tenant();
    PERFORM budget.price_offers_refresh(budget.catalogue_tenant());
END $$;

-- What counts in a run: what all enabled sources say; in a dry run what it imported instead, for those it imported.
CREATE OR REPLACE FUNCTION budget.candidates_of(run budget.price_update) RETURNS SETOF budget.price_candidate
LANGUAGE sql STABLE AS $$
    SELECT c.* FROM budget.price_candidate AS c
    WHERE c.provider IS NOT NULL AND (c.trial = run.run_id AND run.dry_run OR c.trial = budget.no_trial()
          AND NOT (run.dry_run AND run.sources ? c.source))
$$;

-- One model and service tier: hears the sources, judges, and does what the verdict says (not in a dry run).
CREATE OR REPLACE FUNCTION budget.price_decide_one(run budget.price_update, p_provider text, p_model text, p_tier text,
    rules budget.price_rules) RETURNS budget.price_decision LANGUAGE plpgsql AS $$
DECLARE
    voices budget.price_voice[] := budget.price_voices(run, p_provider, p_model, p_tier, rules);
    force budget.price;
    reference jsonb;
    verdict budget.price_verdict;
    decision budget.price_decision;
BEGIN
    decision := ROW(run.run_id, p_provider, p_model, p_tier, 'unchanged', '', NULL, NULL, NULL, '{}', NULL, NULL, NULL);
    IF voices IS NULL THEN
        RETURN decision;
    END IF;
    SELECT * INTO force FROM budget.price_exactly(p_provider, p_model, p_tier);
    IF force.pricing_id IS NULL AND p_tier <> 'standard'
       AND NOT EXISTS (SELECT FROM budget.price_exactly(p_provider, p_model, 'standard')) THEN
        RETURN decision;                            -- a service tier alone would hide the standard price that is missing
    END IF;
    IF force.pricing_id IS NULL THEN
        reference := budget.price_reference(run, p_provider, p_model, p_tier);
    END IF;
    verdict := budget.price_judge(voices, force, reference, rules);
    decision.reason := verdict.reason;
    decision.old := budget.price_flat(force);
    decision.new := verdict.rates;
    decision.percent := verdict.percent;
    decision.sources := verdict.sources;
    decision.former_pricing_id := force.pricing_id;
    decision.action := verdict.action;
    IF verdict.kind IS NOT NULL THEN
        decision := budget.price_conflict_note(run, decision, verdict, voices, force);
    ELSIF NOT run.dry_run THEN
        PERFORM budget.price_conflict_settle(p_provider, p_model, p_tier, verdict.reason);
    END IF;
    IF verdict.action IN ('first', 'applied') AND NOT run.dry_run THEN
        decision.pricing_id := budget.price_apply(run, decision, verdict, voices[verdict.winner], force);
    ELSIF verdict.action = 'verified' AND NOT run.dry_run THEN
        UPDATE budget.price AS p SET verified = true, metadata = p.metadata
            || jsonb_build_object('sources', to_jsonb(verdict.sources))
        WHERE p.tenant_id = force.tenant_id AND p.pricing_id = force.pricing_id;
    END IF;
    IF decision.action NOT IN ('unchanged', 'reviewed', 'waiting') THEN
        INSERT INTO budget.price_decision SELECT decision.* ON CONFLICT DO NOTHING; -- a second pass: the first word stays
    END IF;
    RETURN decision;
END $$;

-- What each source says about a model, most trusted first, witnesses last; NULL when nobody says anything fresh.
CREATE OR REPLACE FUNCTION budget.price_voices(run budget.price_update, p_provider text, p_model text, p_tier text,
    rules budget.price_rules) RETURNS budget.price_voice[] LANGUAGE sql STABLE AS $$
    SELECT array_agg(ROW(c.source, s.trust, c.rank = 3 AND c.provider = c.home_provider AND c.model = c.home_model, c.rates, c.price_type, nullif(c.effective_date, '-infinity'), c.end_date,
               c.fx, c.about, c.named, c.changed_at)::budget.price_voice
               ORDER BY c.rank = 3 AND c.provider = c.home_provider AND c.model = c.home_model, s.trust DESC, c.source)
    FROM budget.candidates_of(run) AS c JOIN budget.price_source AS s ON s.source = c.source AND (s.enabled
        OR run.sources ? s.source)
    WHERE c.provider = p_provider AND c.model = p_model AND c.service_tier = p_tier
      AND (run.sources ? s.source OR greatest(s.last_ok_at, c.changed_at) > clock_timestamp() - rules.max_age)
$$;

-- The maker's rates, where the price of a reseller is looked at for the first time.
CREATE OR REPLACE FUNCTION budget.price_reference(run budget.price_update, p_provider text, p_model text, p_tier text)
RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT budget.price_flat(f) FROM budget.candidates_of(run) AS c
    CROSS JOIN LATERAL budget.price_exactly(c.home_provider, c.home_model, p_tier) AS f
    WHERE c.provider = p_provider AND c.model = p_model AND c.service_tier = p_tier
      AND (c.home_provider, c.home_model) <> (p_provider, p_model)
    LIMIT 1
$$;

-- The counter a decision belongs to.
CREATE OR REPLACE FUNCTION budget.decision_counter(action text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE action WHEN 'conflict' THEN 'conflicts' WHEN 'outlier' THEN 'outliers' WHEN 'reviewed' THEN 'unchanged'
        ELSE action END
$$;

-- Differences of a run, as the job prints them.
CREATE OR REPLACE FUNCTION budget.price_differences(p_run uuid, most integer) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT coalesce(jsonb_agg(jsonb_build_object('provider', d.provider, 'model', d.model, 'service_tier',
        d.service_tier, 'action', d.action, 'reason', d.reason, 'old', d.old, 'new', d.new, 'percent', d.percent,
        'sources', to_jsonb(d.sources), 'conflict_id', d.conflict_id, 'pricing_id', d.pricing_id)
        ORDER BY d.provider, d.model, d.service_tier <> 'standard', d.service_tier), '[]')
    FROM (SELECT * FROM budget.price_decision AS d WHERE d.run_id = p_run
          ORDER BY d.provider, d.model, d.service_tier LIMIT most) AS d
$$;

-- Runs are remembered for 90 days, dry runs and what they tried for a day.
CREATE OR REPLACE FUNCTION budget.price_updates_forget() RETURNS void LANGUAGE sql AS $$
    DELETE FROM budget.price_candidate AS c USING budget.price_update AS u
    WHERE c.trial = u.run_id AND u.started_at < clock_timestamp() - interval '1 day';
    DELETE FROM budget.price_update AS u
    WHERE u.started_at < clock_timestamp() - CASE WHEN u.dry_run THEN interval '1 day' ELSE interval '90 days' END;
$$;
