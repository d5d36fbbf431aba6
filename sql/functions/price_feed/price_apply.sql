-- Puts a verdict into force: closes the former price and opens the new one, and describes the model where nobody has.
-- The first price of a model begins when its source says; a change begins now: the past keeps its prices.
-- Writes: price, model.
CREATE OR REPLACE FUNCTION budget.price_apply(run budget.price_update, decision budget.price_decision,
    verdict budget.price_verdict, voice budget.price_voice, force budget.price) RETURNS uuid LANGUAGE plpgsql AS $$
DECLARE
    wanted budget.price := budget.price_of_flat(verdict.rates);
    is_new constant boolean := force.pricing_id IS NULL AND NOT EXISTS (
        SELECT FROM budget.price AS p WHERE p.tenant_id = budget.catalogue_tenant() AND p.provider = decision.provider
            AND p.model = decision.model AND p.service_tier = decision.service_tier);
BEGIN
    wanted.tenant_id := budget.catalogue_tenant();
    wanted.provider := decision.provider;
    wanted.model := decision.model;
    wanted.service_tier := decision.service_tier;
    wanted.currency := budget.catalogue_currency();
    wanted.price_type := budget.price_type_asked(voice.price_type, verdict.rates);
    wanted.source := voice.source;
    wanted.source_url := left(voice.about ->> 'source_url', 2000);
    wanted.verified := coalesce(verdict.agreed, false) OR coalesce(force.verified, false)
        AND (budget.rates_compare(verdict.rates, decision.old)).apart = 0;
    wanted.effective_date := CASE WHEN is_new THEN least(voice.effective_date, clock_timestamp())
        ELSE clock_timestamp() END;
    wanted.metadata := jsonb_strip_nulls(jsonb_build_object('run_id', run.run_id, 'sources', to_jsonb(verdict.sources),
        'named', voice.named, 'reason', verdict.reason, 'fx', voice.fx, 'note', voice.about -> 'note'));
    wanted := budget.price_open(wanted);
    PERFORM budget.price_model_describe(wanted.provider, wanted.model, wanted.price_type, voice.about);
    RETURN wanted.pricing_id;
END $$;

-- What a source knows about a model, where the catalogue does not know it.
CREATE OR REPLACE FUNCTION budget.price_model_describe(p_provider text, p_model text, p_type text, about jsonb)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    context constant bigint := budget.quote_count(about ->> 'context_tokens');
    output constant bigint := budget.quote_count(about ->> 'max_output_tokens');
BEGIN
    INSERT INTO budget.model AS m (tenant_id, provider, model, display_name, tier, mode, context_tokens,
        max_output_tokens, capabilities, is_local)
    VALUES (budget.catalogue_tenant(), p_provider, p_model, left(about ->> 'display_name', 300),
        budget.tier_of(p_provider, p_model, p_model), coalesce(left(lower(about ->> 'mode'), 40), CASE
            WHEN p_type = 'image' THEN 'image' WHEN p_type IN ('time', 'character') THEN 'audio' ELSE 'chat' END),
        context, output, CASE WHEN jsonb_typeof(about -> 'capabilities') = 'array'
            THEN ARRAY(SELECT left(lower(c), 40) FROM jsonb_array_elements_text(about -> 'capabilities') AS c LIMIT 40)
            ELSE '{}' END, coalesce(about ->> 'is_local' = 'true', false))
    ON CONFLICT (tenant_id, provider, model) DO UPDATE
    SET context_tokens = coalesce(m.context_tokens, excluded.context_tokens),
        max_output_tokens = coalesce(m.max_output_tokens, excluded.max_output_tokens),
        display_name = coalesce(m.display_name, excluded.display_name)
    WHERE m.context_tokens IS NULL AND excluded.context_tokens IS NOT NULL
       OR m.max_output_tokens IS NULL AND excluded.max_output_tokens IS NOT NULL
       OR m.display_name IS NULL AND excluded.display_name IS NOT NULL;
END $$;

-- A whole number from 1 on, or NULL.
CREATE OR REPLACE FUNCTION budget.quote_count(value text) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN value ~ '^[1-9][0-9]{0,14}([.]0+)?$' THEN trunc(value::numeric)::bigint END
$$;
