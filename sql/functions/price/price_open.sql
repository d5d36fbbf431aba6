-- The only way a price comes into being: closes the row in force at its effective_date, whatever its source, and runs
-- until the next one that is already known. Ranges of one (provider, model, service_tier) therefore never overlap.
-- row: complete but for pricing_id, end_date, version, created_at. Returns the row as stored. Does not raise
-- price_epoch.
CREATE OR REPLACE FUNCTION budget.price_open(opened budget.price) RETURNS budget.price LANGUAGE plpgsql AS $$
DECLARE
    former budget.price;
BEGIN
    -- One writer of prices per tenant at a time: what is read here stays true until commit.
    PERFORM pg_advisory_xact_lock(hashtextextended('price ' || opened.tenant_id, 0));
    opened.pricing_id := budget.uuid_v7();
    opened.created_at := clock_timestamp();
    opened.end_date := (SELECT min(p.effective_date) FROM budget.price AS p
        WHERE p.tenant_id = opened.tenant_id AND p.provider = opened.provider AND p.model = opened.model
          AND p.service_tier = opened.service_tier AND p.effective_date > opened.effective_date);
    SELECT p.* INTO former FROM budget.price AS p
    WHERE p.tenant_id = opened.tenant_id AND p.provider = opened.provider AND p.model = opened.model
      AND p.service_tier = opened.service_tier AND p.effective_date <= opened.effective_date
    ORDER BY p.effective_date DESC LIMIT 1;
    IF former.effective_date = opened.effective_date THEN
        PERFORM budget.fail(409, 'price_exists', '/effective_date', format(
            'There is already a price of %s %s (%s) from exactly %s: give another effective_date.', opened.provider,
            opened.model, opened.service_tier, budget.utc(opened.effective_date)),
            json_build_object('pricing_id', former.pricing_id)::jsonb);
    END IF;
    IF coalesce(former.end_date, 'infinity') > opened.effective_date THEN
        UPDATE budget.price AS p SET end_date = opened.effective_date
        WHERE p.tenant_id = former.tenant_id AND p.pricing_id = former.pricing_id;
    END IF;
    opened.version := coalesce(former.version, 0) + 1;
    INSERT INTO budget.price SELECT opened.* RETURNING * INTO opened;
    RETURN opened;
END $$;

-- What a price says in figures and nothing else: two prices are the same when this is the same.
CREATE OR REPLACE FUNCTION budget.price_rates(price budget.price) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT jsonb_object_agg(r.key, CASE WHEN jsonb_typeof(r.value) = 'number'
        THEN to_jsonb(trim_scale(r.value::text::numeric))
                                        ELSE r.value END)
    FROM jsonb_each(to_jsonb(price)) AS r
    WHERE (r.key ~ '_(token|char|image|second|request)$|^cost_' OR r.key IN ('context_rates', 'currency', 'price_type'))
      AND r.value <> 'null'
$$;
