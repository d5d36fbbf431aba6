-- POST /prices: a price of one's own. It closes the tenant's former price of the same model and service tier, and wins
-- over the catalogue from its effective_date on. The same price again changes nothing and answers 200 with what is in
-- force.
CREATE OR REPLACE FUNCTION budget.price_set(tenant uuid, context jsonb, args jsonb) RETURNS budget.reply
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, budget, pg_temp AS $$
DECLARE
    wanted budget.price;
    former budget.price;
    ends timestamptz;
BEGIN
    PERFORM budget.enter(tenant, context);
    wanted := budget.price_wanted(args);
    SELECT * INTO former FROM budget.price_at(tenant, wanted.provider, wanted.model, wanted.service_tier,
        wanted.effective_date) AS p
    WHERE p.service_tier = wanted.service_tier;
    IF former.tenant_id = tenant AND args ->> 'effective_date' IS NULL AND args ->> 'end_date' IS NULL
       AND budget.price_rates(former) = budget.price_rates(wanted) THEN
        RETURN ROW(200, budget.price_json(former), former.version::text)::budget.reply;
    END IF;
    ends := budget.range_bound(args ->> 'end_date', budget.tenant_zone(), true);
    wanted := budget.price_open(wanted);
    IF ends < coalesce(wanted.end_date, 'infinity') THEN
        IF ends <= wanted.effective_date THEN
            PERFORM budget.fail(422, 'range_reversed', '/end_date',
                'end_date lies before effective_date: swap them, or leave end_date out.');
        END IF;
        UPDATE budget.price AS p SET end_date = ends WHERE p.tenant_id = wanted.tenant_id
            AND p.pricing_id = wanted.pricing_id RETURNING * INTO wanted;
    END IF;
    PERFORM budget.price_model_keep(wanted, args);
    PERFORM budget.price_moved(CASE WHEN former.pricing_id IS NULL THEN 'price.create' ELSE 'price.update' END, former,
        wanted);
    RETURN ROW(NULL, budget.json_join(budget.price_json(wanted),
        json_build_object('previous_pricing_id', former.pricing_id, 'changes', budget.price_changes(former, wanted),
        'warnings', budget.price_warnings(former, wanted))), wanted.version::text)::budget.reply;
END $$;

-- DELETE /prices/{id}: ends a price of one's own now; the catalogue's holds again, if it has one.
CREATE OR REPLACE FUNCTION budget.price_retire(tenant uuid, context jsonb, args jsonb) RETURNS budget.reply
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, budget, pg_temp AS $$
DECLARE
    former budget.price;
    closed budget.price;
BEGIN
    PERFORM budget.enter(tenant, context);
    SELECT * INTO former FROM budget.price AS p
    WHERE p.tenant_id IN (tenant, budget.catalogue_tenant()) AND p.pricing_id = (args ->> 'id')::uuid FOR UPDATE;
    IF former.pricing_id IS NULL THEN
        PERFORM budget.fail(404, 'price_not_found', '',
            'There is no price with this id: GET /prices lists those in force.');
    ELSIF former.tenant_id <> tenant THEN
        PERFORM budget.fail(409, 'price_of_catalogue', '',
            'This price belongs to the shared catalogue: set a price of your own to win over it.');
    END IF;
    PERFORM budget.match_version(former.version);
    closed := former;
    IF coalesce(former.end_date, 'infinity') > clock_timestamp() THEN   -- one that never was in force ends as it begins
        UPDATE budget.price AS p SET end_date = greatest(clock_timestamp(), p.effective_date + interval '1 microsecond')
        WHERE p.tenant_id = former.tenant_id AND p.pricing_id = former.pricing_id RETURNING * INTO closed;
        PERFORM budget.price_moved('price.retire', former, closed);
    END IF;
    RETURN ROW(NULL, budget.price_json(closed), closed.version::text)::budget.reply;
END $$;

-- What every change of a tenant's prices ends with: plans and offers are stale, and somebody did it.
CREATE OR REPLACE FUNCTION budget.price_moved(action text, former budget.price, price budget.price)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    UPDATE budget.tenant AS t SET price_epoch = t.price_epoch + 1, updated_at = now()
        WHERE t.tenant_id = price.tenant_id;
    PERFORM budget.price_offers_refresh(price.tenant_id);
    PERFORM budget.audit(action, price.pricing_id::text, CASE WHEN former.pricing_id IS NOT NULL
        THEN budget.price_json(former)::jsonb END,
        budget.price_json(price)::jsonb);
END $$;

-- The price a request describes, checked. Model names: an alias is taken for its model, any other name as it stands.
CREATE OR REPLACE FUNCTION budget.price_wanted(args jsonb) RETURNS budget.price LANGUAGE plpgsql AS $$
DECLARE
    wanted budget.price := jsonb_populate_record(NULL::budget.price,
        args - '{effective_date,end_date,metadata,verified,source}'::text[]);
    of_tenant constant text := (SELECT t.currency FROM budget.tenant AS t WHERE t.tenant_id = budget.tenant());
    home text[];
BEGIN
    wanted.tenant_id := budget.tenant();
    wanted.provider := budget.provider_canonical(budget.tenant(), args ->> 'provider');
    wanted.model := lower(btrim(args ->> 'model'));
    SELECT ARRAY[a.price_provider, a.model] INTO home FROM budget.model_alias AS a
    WHERE a.tenant_id IN (budget.tenant(), budget.catalogue_tenant()) AND a.provider = wanted.provider
        AND a.alias = wanted.model
    ORDER BY a.tenant_id = budget.tenant() DESC LIMIT 1;
    wanted.provider := coalesce(home[1], wanted.provider);
    wanted.model := coalesce(home[2], wanted.model);
    wanted.service_tier := coalesce(args ->> 'service_tier', 'standard');
    wanted.currency := upper(coalesce(args ->> 'currency', of_tenant));
    IF wanted.currency <> of_tenant THEN
        PERFORM budget.fail(422, 'currency_mismatch', '/currency', format(
            'Costs of this tenant are counted in %s: convert the price and send it in %s.', of_tenant, of_tenant));
    END IF;
    wanted.context_rates := (SELECT array_agg(r ORDER BY r.above_input_tokens) FROM unnest(wanted.context_rates) AS r);
    IF cardinality(wanted.context_rates) <> (SELECT count(DISTINCT r.above_input_tokens)
        FROM unnest(wanted.context_rates) AS r) THEN
        PERFORM budget.fail(422, 'duplicate_context_rate', '/context_rates',
            'Two context rates begin above the same number of tokens: keep one.');
    END IF;
    wanted := budget.price_typed(wanted, args ->> 'price_type');
    wanted.source := 'manual';
    wanted.verified := true;
    wanted.approved_by := budget.context('actor');
    wanted.effective_date := coalesce(budget.range_bound(args ->> 'effective_date', budget.tenant_zone(), false),
        clock_timestamp());
    wanted.metadata := coalesce(args -> 'metadata', '{}')
        || jsonb_strip_nulls(jsonb_build_object('note', args -> 'note'));
    RETURN wanted;
END $$;

-- Gives a price its type, and refuses one that would price nothing or half of what it says.
CREATE OR REPLACE FUNCTION budget.price_typed(wanted budget.price, asked text)
RETURNS budget.price LANGUAGE plpgsql AS $$
DECLARE
    missing text;
BEGIN
    IF asked = 'free' THEN
        IF budget.price_type_of(wanted) NOT IN ('free', 'fixed') OR wanted.fixed_cost_per_request > 0 THEN
            PERFORM budget.fail(422, 'price_not_free', '/price_type',
                'A free price has no rate above 0: leave the rates out.');
        END IF;
        wanted.input_cost_per_token := 0;
        wanted.output_cost_per_token := 0;
    END IF;
    wanted.price_type := coalesce(asked, budget.price_type_of(wanted));
    missing := CASE
        WHEN wanted.price_type = 'token' AND wanted.input_cost_per_token IS NULL THEN 'input_cost_per_token'
        WHEN wanted.price_type = 'token' AND wanted.output_cost_per_token IS NULL THEN 'output_cost_per_token'
        WHEN wanted.price_type = 'character' AND wanted.input_cost_per_char IS NULL
             AND wanted.output_cost_per_char IS NULL THEN 'input_cost_per_char'
        WHEN wanted.price_type = 'image' AND wanted.cost_per_image IS NULL THEN 'cost_per_image'
        WHEN wanted.price_type = 'time' AND wanted.cost_per_second IS NULL THEN 'cost_per_second'
        WHEN wanted.price_type = 'fixed' AND wanted.fixed_cost_per_request IS NULL
            THEN CASE WHEN asked IS NULL THEN 'input_cost_per_token' ELSE 'fixed_cost_per_request' END END;
    IF missing IS NOT NULL THEN
        PERFORM budget.fail(422, 'missing_field', '/' || missing,
            format('%s is missing: a price of type %s needs it (0 = costs nothing).', missing,
                CASE WHEN missing LIKE '%per_token' THEN 'token' ELSE wanted.price_type END));
    END IF;
    RETURN wanted;
END $$;

-- What a person should look at twice; the price is set all the same.
CREATE OR REPLACE FUNCTION budget.price_warnings(former budget.price, price budget.price)
RETURNS json LANGUAGE plpgsql STABLE AS $$
DECLARE
    warnings text[] := '{}';
    dearest constant numeric := greatest(price.input_cost_per_token, price.output_cost_per_token);
BEGIN
    IF dearest > 0.001 THEN
        warnings := warnings || format(
            '%s a token is %s a million tokens: if this was a price per 1,000 or per million, divide it.',
            budget.decimal(dearest), budget.decimal(dearest * 1000000));
    END IF;
    IF former.input_cost_per_token > 0 AND price.input_cost_per_token > 0
       AND greatest(price.input_cost_per_token / former.input_cost_per_token,
                    former.input_cost_per_token / price.input_cost_per_token) >= 100 THEN
        warnings := warnings || format('The input price was %s per million tokens, now it is %s: units mixed up?',
            budget.decimal(former.input_cost_per_token * 1000000),
            budget.decimal(price.input_cost_per_token * 1000000));
    END IF;
    RETURN to_json(warnings);
END $$;

-- Describes a model the catalogue does not know, or says it differently for this tenant.
CREATE OR REPLACE FUNCTION budget.price_model_keep(price budget.price, args jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF args ?| '{tier,context_tokens,max_output_tokens}' OR NOT EXISTS (SELECT FROM budget.model AS m
           WHERE m.tenant_id IN (price.tenant_id, budget.catalogue_tenant()) AND m.provider = price.provider
               AND m.model = price.model) THEN
        INSERT INTO budget.model AS m (tenant_id, provider, model, display_name, tier, context_tokens,
            max_output_tokens, is_local)
        VALUES (price.tenant_id, price.provider, price.model, nullif(btrim(args ->> 'model'), price.model),
                coalesce(args ->> 'tier', budget.tier_of(price.provider, args ->> 'model', price.model)),
                (args ->> 'context_tokens')::bigint, (args ->> 'max_output_tokens')::bigint, price.price_type = 'free')
        ON CONFLICT (tenant_id, provider, model) DO UPDATE
        SET tier = coalesce(args ->> 'tier', m.tier),
            context_tokens = coalesce(excluded.context_tokens, m.context_tokens),
            max_output_tokens = coalesce(excluded.max_output_tokens, m.max_output_tokens);
    END IF;
END $$;
