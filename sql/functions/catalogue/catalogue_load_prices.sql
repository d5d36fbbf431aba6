-- A cell of the file as a price row. Token columns are USD per million, chars per million characters, requests and
-- searches per thousand; images and seconds apiece. Lines with above_input_tokens are the context tiers of the line
-- they follow.
CREATE OR REPLACE FUNCTION budget.catalogue_price(cells jsonb, contexts budget.context_rate[])
RETURNS budget.price LANGUAGE plpgsql AS $$
DECLARE
    result budget.price;
BEGIN
    result.tenant_id := budget.catalogue_tenant();
    result.provider := cells ->> 'provider';
    result.model := cells ->> 'model';
    result.service_tier := coalesce(cells ->> 'service_tier', 'standard');
    result.currency := 'USD';
    result.input_cost_per_token := trim_scale((cells ->> 'input')::numeric * 0.000001);
    result.output_cost_per_token := trim_scale((cells ->> 'output')::numeric * 0.000001);
    result.cache_read_cost_per_token := trim_scale((cells ->> 'cache_read')::numeric * 0.000001);
    result.cache_write_5m_cost_per_token := trim_scale((cells ->> 'cache_write_5m')::numeric * 0.000001);
    result.cache_write_1h_cost_per_token := trim_scale((cells ->> 'cache_write_1h')::numeric * 0.000001);
    result.reasoning_cost_per_token := trim_scale((cells ->> 'reasoning')::numeric * 0.000001);
    result.input_audio_cost_per_token := trim_scale((cells ->> 'input_audio')::numeric * 0.000001);
    result.output_audio_cost_per_token := trim_scale((cells ->> 'output_audio')::numeric * 0.000001);
    result.input_image_cost_per_token := trim_scale((cells ->> 'input_image')::numeric * 0.000001);
    result.output_image_cost_per_token := trim_scale((cells ->> 'output_image')::numeric * 0.000001);
    result.input_cost_per_char := trim_scale((cells ->> 'input_chars')::numeric * 0.000001);
    result.output_cost_per_char := trim_scale((cells ->> 'output_chars')::numeric * 0.000001);
    result.cost_per_image := trim_scale((cells ->> 'image')::numeric);
    result.cost_per_second := trim_scale((cells ->> 'second')::numeric);
    result.fixed_cost_per_request := trim_scale((cells ->> 'requests_1k')::numeric * 0.001);
    result.web_search_cost_per_request := trim_scale((cells ->> 'searches_1k')::numeric * 0.001);
    result.context_rates := contexts;
    result.price_type := budget.price_type_of(result);
    result.source := 'catalogue';
    result.source_url := cells ->> 'source_url';
    result.verified := coalesce(cells ->> 'verified', 'no') = 'yes';
    result.effective_date := coalesce((cells ->> 'from')::date, '2020-01-01') AT TIME ZONE 'UTC';
    result.metadata := jsonb_strip_nulls(jsonb_build_object('as_of', cells -> 'as_of', 'note', cells -> 'note'));
    RETURN result;
END $$;

-- What kind of price a set of figures is: all zero = free, tokens before the other units.
CREATE OR REPLACE FUNCTION budget.price_type_of(price budget.price) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE
        WHEN greatest(price.input_cost_per_token, price.output_cost_per_token, price.input_cost_per_char,
                      price.output_cost_per_char, price.cost_per_image, price.cost_per_second,
                      price.fixed_cost_per_request) = 0 THEN 'free'
        WHEN price.input_cost_per_token IS NOT NULL OR price.output_cost_per_token IS NOT NULL THEN 'token'
        WHEN price.cost_per_second IS NOT NULL THEN 'time'
        WHEN price.input_cost_per_char IS NOT NULL OR price.output_cost_per_char IS NOT NULL THEN 'character'
        WHEN price.cost_per_image IS NOT NULL THEN 'image'
        ELSE 'fixed' END
$$;

-- Opens what is new. For each line, found again by provider, model, service tier and `from`:
--   never loaded       history of a model we have nothing of, or a price that begins after the last one: opened at
--                      `from`
--   loaded, the same   only source, date and note are brought up to date
--   loaded, changed    the newest line of its model: the former price is closed now, the new one opened; older lines:
--                      left alone
-- A price in force from another source that is younger than the line's as_of stays, and any that a person approved.
-- The files are in USD: a catalogue in another currency is converted by the newest rate of the day (fx_rate).
CREATE OR REPLACE FUNCTION budget.catalogue_load_prices(csv text, OUT changed bigint, OUT total bigint)
LANGUAGE plpgsql AS $$
DECLARE
    item record;
    wanted budget.price;
BEGIN
    changed := 0;
    total := 0;
    FOR item IN
        WITH line AS MATERIALIZED (
            SELECT c.line, c.cells, concat_ws(',', c.cells ->> 'provider', c.cells ->> 'model',
                       coalesce(c.cells ->> 'service_tier', 'standard'), coalesce(c.cells ->> 'from', '')) AS key,
                       (c.cells ->> 'above_input_tokens')::bigint AS above
            FROM budget.csv_rows(csv) AS c),
        context AS (
            SELECT l.key, array_agg((l.above, trim_scale((l.cells ->> 'input')::numeric * 0.000001),
                trim_scale((l.cells ->> 'output')::numeric * 0.000001),
                trim_scale((l.cells ->> 'cache_read')::numeric * 0.000001),
                trim_scale((l.cells ->> 'cache_write_5m')::numeric * 0.000001),
                trim_scale((l.cells ->> 'cache_write_1h')::numeric * 0.000001),
                trim_scale((l.cells ->> 'reasoning')::numeric * 0.000001))::budget.context_rate
                ORDER BY l.above) AS rates
            FROM line AS l WHERE l.above IS NOT NULL GROUP BY l.key)
        SELECT l.line, l.cells, c.rates FROM line AS l LEFT JOIN context AS c ON c.key = l.key
        WHERE l.above IS NULL ORDER BY l.key
    LOOP
        BEGIN
            wanted := budget.price_exchanged(budget.catalogue_price(item.cells, item.rates));
            CONTINUE WHEN wanted.provider IS NULL; -- no rate of exchange: unpriced is better than wrong
            total := total + 1;
            changed := changed + budget.catalogue_load_price(wanted)::integer;
        EXCEPTION WHEN data_exception OR integrity_constraint_violation THEN
            RAISE EXCEPTION 'catalogue prices line %: %', item.line, SQLERRM USING ERRCODE = SQLSTATE;
        END;
    END LOOP;
END $$;

CREATE OR REPLACE FUNCTION budget.catalogue_load_price(wanted budget.price) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    loaded budget.price;
    newest budget.price;
BEGIN
    wanted.metadata := wanted.metadata || jsonb_build_object('from', wanted.effective_date::date);
    SELECT p.* INTO loaded FROM budget.price AS p
    WHERE p.tenant_id = wanted.tenant_id AND p.provider = wanted.provider AND p.model = wanted.model
      AND p.service_tier = wanted.service_tier
      AND p.source = 'catalogue' AND p.metadata -> 'from' = wanted.metadata -> 'from'
    ORDER BY p.effective_date DESC LIMIT 1;
    IF loaded.pricing_id IS NOT NULL AND budget.price_rates(loaded) = budget.price_rates(wanted) THEN
        UPDATE budget.price AS p
           SET metadata = wanted.metadata, source_url = wanted.source_url, verified = wanted.verified
        WHERE p.tenant_id = loaded.tenant_id AND p.pricing_id = loaded.pricing_id
          AND (p.metadata, p.source_url, p.verified)
              IS DISTINCT FROM (wanted.metadata, wanted.source_url, wanted.verified);
        RETURN false;
    ELSIF loaded.effective_date > now() THEN        -- announced, never in force: nothing was priced by it
        DELETE FROM budget.price AS p WHERE p.tenant_id = loaded.tenant_id AND p.pricing_id = loaded.pricing_id;
    ELSIF loaded.pricing_id IS NOT NULL THEN        -- the file says something else than it did
        wanted.effective_date := clock_timestamp();
    END IF;
    SELECT p.* INTO newest FROM budget.price AS p
    WHERE p.tenant_id = wanted.tenant_id AND p.provider = wanted.provider AND p.model = wanted.model
        AND p.service_tier = wanted.service_tier
      AND p.effective_date <= greatest(wanted.effective_date, clock_timestamp())
    ORDER BY p.effective_date DESC LIMIT 1;
    IF newest.effective_date >= wanted.effective_date
       OR newest.source = 'catalogue' AND loaded.effective_date <= now() AND newest.pricing_id <> loaded.pricing_id
       OR newest.approved_by IS NOT NULL
       OR newest.source <> 'catalogue' AND newest.effective_date > coalesce(
           (wanted.metadata ->> 'as_of')::date, '-infinity') THEN
        RETURN false;
    END IF;
    PERFORM budget.price_open(wanted);
    RETURN true;
END $$;

-- A price in the catalogue's currency, with the rate it was converted by; NULLs when there is none.
CREATE OR REPLACE FUNCTION budget.price_exchanged(price budget.price) RETURNS budget.price LANGUAGE plpgsql STABLE AS $$
DECLARE
    base constant text := budget.catalogue_currency();
    quoted constant jsonb := budget.rates_flat(to_jsonb(price));
    result budget.price;
    exchange numeric;
    exchange_day date;
BEGIN
    IF price.currency = base THEN
        RETURN price;
    END IF;
    SELECT r.rate, r.day INTO exchange, exchange_day
        FROM budget.fx_rate_at(price.currency, base, (now() AT TIME ZONE 'UTC')::date) AS r;
    IF exchange IS NOT NULL THEN
        result := budget.price_of_flat((SELECT jsonb_object_agg(r.key, trim_scale(r.value::numeric * exchange))
            FROM jsonb_each_text(quoted) AS r));
        result := jsonb_populate_record(price, budget.rates_of(result));
        result.currency := base;
        result.metadata := price.metadata || jsonb_build_object('fx', jsonb_build_object('currency', price.currency,
            'rate', exchange, 'day', exchange_day, 'quoted', quoted));
    END IF;
    RETURN result;
END $$;

-- The rate columns of a row, as members.
CREATE OR REPLACE FUNCTION budget.rates_of(price budget.price) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT coalesce(jsonb_object_agg(r.key, r.value), '{}') FROM jsonb_each(to_jsonb(price)) AS r
    WHERE r.value <> 'null' AND (r.key ~ '_(token|char|image|second|request)$|^cost_' OR r.key = 'context_rates')
$$;
