-- The end of a run: what its changes mean for whoever used the models, summed up tenant by tenant and day by day over the
-- last 30 days (a quarter of a second a call), then the alerts. A dry run has nothing to tell.
-- Writes: price_effect; at the end alert, outbox, price_conflict.
CREATE OR REPLACE FUNCTION budget.price_weigh(run budget.price_update) RETURNS budget.price_update LANGUAGE plpgsql AS $$
DECLARE
    ends constant timestamptz := clock_timestamp() + interval '250 milliseconds';
    today constant date := (run.started_at AT TIME ZONE 'UTC')::date;
    notable budget.price_decision[];
    tenants uuid[];
    turn integer;
    days integer;
BEGIN
    IF run.dry_run THEN
        run.state := 'done';
        RETURN run;
    END IF;
    notable := budget.price_notable(run.run_id);
    tenants := budget.price_tenants();
    turn := coalesce(run.place[1]::integer, 1);
    days := coalesce(run.place[2]::integer, 0);
    WHILE notable IS NOT NULL AND turn <= cardinality(tenants) AND clock_timestamp() < ends LOOP
        PERFORM budget.price_weigh_day(run.run_id, tenants[turn], today - days, notable);
        days := days + 1;
        IF days > 30 THEN
            days := 0;
            turn := turn + 1;
        END IF;
    END LOOP;
    run.place := ARRAY[turn, days]::text[];
    IF notable IS NULL OR turn > cardinality(tenants) THEN
        PERFORM budget.price_alert_changes(run, t, notable) FROM unnest(tenants) AS t WHERE notable IS NOT NULL;
        PERFORM budget.price_alert_conflicts(run);
        run.state := 'done';
    END IF;
    PERFORM budget.enter(budget.catalogue_tenant(), '{"actor": "price-update", "role": "system"}');
    RETURN run;
END $$;

-- The same for a run that nobody finished, an approval that had much to weigh or a job that died, before one's own.
CREATE OR REPLACE FUNCTION budget.price_weigh_next(run budget.price_update) RETURNS budget.price_update
LANGUAGE plpgsql AS $$
DECLARE
    left_over budget.price_update;
BEGIN
    SELECT * INTO left_over FROM budget.price_update AS u WHERE u.state = 'weighing' AND u.run_id <> run.run_id
    ORDER BY u.run_id LIMIT 1 FOR UPDATE SKIP LOCKED;
    IF left_over.run_id IS NULL THEN
        RETURN budget.price_weigh(run);
    END IF;
    left_over := budget.price_weigh(left_over);
    UPDATE budget.price_update AS u SET state = left_over.state, place = left_over.place,
        finished_at = CASE WHEN left_over.state = 'done' THEN clock_timestamp() END WHERE u.run_id = left_over.run_id;
    RETURN run;
END $$;

-- Changes of a run that are worth a word; NULL when there are none.
CREATE OR REPLACE FUNCTION budget.price_notable(p_run uuid) RETURNS budget.price_decision[] LANGUAGE sql STABLE AS $$
    SELECT array_agg(d ORDER BY d.provider, d.model, d.service_tier) FROM budget.price_decision AS d
    WHERE d.run_id = p_run AND d.pricing_id IS NOT NULL AND d.former_pricing_id IS NOT NULL
      AND abs(d.percent) >= (budget.price_rules()).notice
$$;

CREATE OR REPLACE FUNCTION budget.price_tenants() RETURNS uuid[] LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('budget.tenant', '*', true);
    RETURN ARRAY(SELECT t.tenant_id FROM budget.tenant AS t WHERE t.tenant_id <> budget.catalogue_tenant()
                 AND t.is_active ORDER BY t.tenant_id);
END $$;

-- What a tenant's records of one day cost, and would have cost by the new prices. Records that a price of one's own
-- priced are not touched by a change of the catalogue.
CREATE OR REPLACE FUNCTION budget.price_weigh_day(p_run uuid, p_tenant uuid, p_day date, notable budget.price_decision[])
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM budget.enter(p_tenant, '{"actor": "price-update", "role": "system"}');
    INSERT INTO budget.price_effect AS e (tenant_id, run_id, provider, model, service_tier, requests, spent, would_be)
    SELECT p_tenant, p_run, d.provider, d.model, d.service_tier, count(*), sum(u.cost), sum(coalesce(c.cost, u.cost))
    FROM unnest(notable) AS d
    JOIN budget.price AS former ON former.tenant_id = budget.catalogue_tenant() AND former.provider = d.provider
        AND former.model = d.model AND former.service_tier = d.service_tier
    JOIN budget.price AS fresh ON fresh.tenant_id = budget.catalogue_tenant() AND fresh.pricing_id = d.pricing_id
    JOIN budget.usage_record AS u ON u.tenant_id = p_tenant AND u.pricing_id = former.pricing_id
        AND u.charged_at >= p_day::timestamp AT TIME ZONE 'UTC' AND u.charged_at < (p_day + 1)::timestamp AT TIME ZONE 'UTC'
    CROSS JOIN LATERAL budget.usage_cost(fresh, ROW(u.input_tokens, u.cache_read_tokens, u.cache_write_5m_tokens,
        u.cache_write_1h_tokens, u.output_tokens, u.reasoning_tokens, u.input_audio_tokens, u.output_audio_tokens,
        u.input_image_tokens, u.output_image_tokens, u.requests, u.characters, u.images, u.seconds, u.output_characters,
        u.web_searches)::budget.token_usage) AS c
    WHERE u.cost IS NOT NULL
    GROUP BY d.provider, d.model, d.service_tier
    ON CONFLICT (tenant_id, run_id, provider, model, service_tier) DO UPDATE
    SET requests = e.requests + excluded.requests, spent = e.spent + excluded.spent,
        would_be = e.would_be + excluded.would_be;
END $$;

-- One alert for each changed price a tenant has used in the last 30 days, the 20 with most effect; and for the house one
-- that names all changes of a run, whoever uses them.
CREATE OR REPLACE FUNCTION budget.price_alert_changes(run budget.price_update, p_tenant uuid,
    notable budget.price_decision[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    item record;
BEGIN
    PERFORM budget.enter(p_tenant, '{"actor": "price-update", "role": "system"}');
    FOR item IN
        SELECT d, e.requests, e.spent, e.would_be - e.spent AS effect FROM unnest(notable) AS d
        JOIN budget.price_effect AS e ON e.tenant_id = p_tenant AND e.run_id = run.run_id AND e.provider = d.provider
            AND e.model = d.model AND e.service_tier = d.service_tier
        ORDER BY abs(e.would_be - e.spent) DESC, d.provider, d.model LIMIT 20
    LOOP
        PERFORM budget.price_alert_raise(p_tenant, 'price ' || (item.d).pricing_id, 'price_changed',
            CASE WHEN item.effect > 0 THEN 'warning' ELSE 'info' END,
            budget.price_change_text(item.d, item.effect), jsonb_build_object('run_id', run.run_id,
            'provider', (item.d).provider, 'model', (item.d).model, 'service_tier', (item.d).service_tier,
            'old', (item.d).old, 'new', (item.d).new, 'percent', (item.d).percent, 'sources', to_jsonb((item.d).sources),
            'pricing_id', (item.d).pricing_id, 'former_pricing_id', (item.d).former_pricing_id,
            'currency', budget.catalogue_currency(), 'last_30_days', jsonb_build_object('requests', item.requests,
            'spent', budget.decimal(item.spent), 'would_have_been', budget.decimal(item.spent + item.effect),
            'effect', budget.decimal(item.effect))));
    END LOOP;
    IF p_tenant = budget.local_tenant() AND NOT run.counts ? 'approved' THEN
        PERFORM budget.price_alert_raise(p_tenant, 'run ' || run.run_id, 'price_changed', 'info',
            format('%s changed by %s %% or more: budget prices update and GET /prices/updates/%s show which',
                CASE cardinality(notable) WHEN 1 THEN '1 price' ELSE cardinality(notable) || ' prices' END,
                trim_scale((budget.price_rules()).notice), run.run_id),
            jsonb_build_object('run_id', run.run_id, 'changes', (SELECT jsonb_agg(jsonb_build_object('provider',
                d.provider, 'model', d.model, 'service_tier', d.service_tier, 'percent', d.percent))
                FROM unnest(notable[:50]) AS d)));
    END IF;
    DELETE FROM budget.price_effect AS e WHERE e.tenant_id = p_tenant AND e.run_id = run.run_id;
END $$;

-- "Price of openai gpt-4o changed by -20 %: input 2.5 -> 2 … a million; the last 30 days would have cost 1.2 USD less".
CREATE OR REPLACE FUNCTION budget.price_change_text(d budget.price_decision, effect numeric) RETURNS text
LANGUAGE sql STABLE AS $$
    SELECT format('Price of %s %s%s changed by %s %%%s: the last 30 days would have cost %s %s %s', d.provider, d.model,
        CASE d.service_tier WHEN 'standard' THEN '' ELSE ' (' || d.service_tier || ')' END,
        CASE WHEN d.percent > 0 THEN '+' ELSE '' END || trim_scale(d.percent),
        coalesce(' (' || string_agg(format('%s %s -> %s', replace(o.key, '_cost_per_token', ''),
            budget.decimal(o.value::numeric * 1000000), budget.decimal((d.new ->> o.key)::numeric * 1000000)), ', '
            ORDER BY o.key) || ' a million)', ''),
        budget.alert_amount(abs(effect)), budget.catalogue_currency(), CASE WHEN effect >= 0 THEN 'more' ELSE 'less' END)
    FROM jsonb_each_text(d.old) AS o
    WHERE o.key IN ('input_cost_per_token', 'output_cost_per_token') AND d.new ->> o.key IS DISTINCT FROM o.value
$$;

-- Conflicts nobody has been told of yet: each by itself when they are few, else one alert for all.
CREATE OR REPLACE FUNCTION budget.price_alert_conflicts(run budget.price_update) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    fresh budget.price_conflict[] := ARRAY(SELECT c FROM budget.price_conflict AS c
        WHERE c.state = 'open' AND c.alerted_at IS NULL ORDER BY c.provider, c.model, c.service_tier);
    item budget.price_conflict;
BEGIN
    PERFORM budget.enter(budget.local_tenant(), '{"actor": "price-update", "role": "system"}');
    IF cardinality(fresh) > 5 THEN
        PERFORM budget.price_alert_raise(budget.tenant(), 'conflicts ' || run.run_id, 'price_conflict', 'warning',
            format('%s price conflicts wait for review: budget prices conflicts', cardinality(fresh)),
            jsonb_build_object('run_id', run.run_id, 'conflicts', (SELECT jsonb_agg(jsonb_build_object('conflict_id',
                c.conflict_id, 'provider', c.provider, 'model', c.model, 'service_tier', c.service_tier, 'kind', c.kind,
                'reason', c.reason)) FROM unnest(fresh[:50]) AS c)));
    ELSE
        FOREACH item IN ARRAY fresh LOOP
            PERFORM budget.price_alert_raise(budget.tenant(), 'conflict ' || item.conflict_id, 'price_conflict',
                'warning', format('Price conflict, %s %s: %s. Review it: budget prices conflicts', item.provider,
                item.model, item.reason), jsonb_build_object('conflict_id', item.conflict_id, 'provider', item.provider,
                'model', item.model, 'service_tier', item.service_tier, 'kind', item.kind, 'current', item.current,
                'candidates', item.candidates));
        END LOOP;
    END IF;
    UPDATE budget.price_conflict AS c SET alerted_at = clock_timestamp()
    WHERE c.conflict_id = ANY (ARRAY(SELECT f.conflict_id FROM unnest(fresh) AS f));
END $$;

-- An alert about the house's prices; the same group again is the same alert.
CREATE OR REPLACE FUNCTION budget.price_alert_raise(p_tenant uuid, p_group text, p_type text, p_severity text,
    p_message text, p_details jsonb) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    draft budget.alert;
BEGIN
    draft.tenant_id := p_tenant;
    draft.alert_id := budget.uuid_v7();
    draft.scope_group := p_group;
    draft.period_start := '-infinity';
    draft.level := 'system';
    draft.unit := 'none';
    draft.limit_version := 0;
    draft.severity := p_severity;
    draft.type := p_type;
    draft.message := p_message;
    draft.details := p_details;
    draft.count := 1;
    draft.created_at := clock_timestamp();
    PERFORM budget.alert_raise(draft);
END $$;
