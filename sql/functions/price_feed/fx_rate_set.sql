-- POST /prices/rates {currency, base, rate, date, source}: 1 currency = rate base from that day on. Quotes read from then
-- on are converted by it; what was converted before keeps its rate.
-- Writes: fx_rate, audit_log.
CREATE OR REPLACE FUNCTION budget.fx_rate_set(tenant uuid, context jsonb, args jsonb) RETURNS budget.reply
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, budget, pg_temp AS $$
DECLARE
    wanted budget.fx_rate;
    before jsonb;
BEGIN
    PERFORM budget.enter(tenant, context);
    PERFORM budget.price_house_only();
    wanted.currency := upper(args ->> 'currency');
    wanted.base := upper(coalesce(args ->> 'base', budget.catalogue_currency()));
    wanted.day := coalesce(budget.fx_day(args ->> 'date'), (now() AT TIME ZONE 'UTC')::date);
    wanted.rate := (args ->> 'rate')::numeric;
    wanted.source := coalesce(args ->> 'source', 'manual');
    wanted.created_by := coalesce(budget.context('actor'), 'unknown');
    wanted.created_at := clock_timestamp();
    IF wanted.currency = wanted.base OR wanted.currency !~ '^[A-Z]{3}$' OR wanted.base !~ '^[A-Z]{3}$' THEN
        PERFORM budget.fail(422, 'invalid_value', '/currency', 'Name two different currencies of three letters, like EUR.');
    ELSIF wanted.rate = 0 THEN
        PERFORM budget.fail(422, 'out_of_range', '/rate', 'A rate of exchange is more than 0.');
    END IF;
    SELECT budget.fx_rate_json(f)::jsonb INTO before FROM budget.fx_rate AS f
    WHERE f.currency = wanted.currency AND f.base = wanted.base AND f.day = wanted.day;
    INSERT INTO budget.fx_rate AS f SELECT wanted.*
    ON CONFLICT (currency, base, day) DO UPDATE SET rate = excluded.rate, source = excluded.source,
        created_by = excluded.created_by, created_at = excluded.created_at;
    PERFORM budget.audit('fx_rate.set', wanted.currency || '/' || wanted.base || ' ' || wanted.day, before,
        budget.fx_rate_json(wanted)::jsonb);
    RETURN ROW(NULL, budget.fx_rate_json(wanted), NULL)::budget.reply;
END $$;

CREATE OR REPLACE FUNCTION budget.fx_day(value text) RETURNS date LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN left(value, 10)::date;
EXCEPTION WHEN data_exception THEN
    PERFORM budget.fail(422, 'invalid_value', '/date', 'date is a day like 2026-11-25.');
END $$;

CREATE OR REPLACE FUNCTION budget.fx_rate_json(f budget.fx_rate) RETURNS json LANGUAGE sql STABLE AS $$
    SELECT json_build_object('currency', f.currency, 'base', f.base, 'date', f.day, 'rate', budget.decimal(f.rate),
        'source', f.source, 'created_by', f.created_by, 'created_at', budget.utc(f.created_at))
$$;

-- GET /prices/rates {currency}: newest day first.
CREATE OR REPLACE FUNCTION budget.fx_rate_list(tenant uuid, context jsonb, args jsonb) RETURNS budget.reply
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, budget, pg_temp AS $$
DECLARE
    size constant integer := coalesce((args ->> 'limit')::integer, 50);
    page constant integer := coalesce((args ->> 'page')::integer, 1);
    after constant text := (budget.cursor_decode(args ->> 'cursor', 1))[1];
    rows json[];
    found_rows bigint;
    last text;
BEGIN
    PERFORM budget.enter(tenant, context);
    WITH matching AS MATERIALIZED (
        SELECT f AS item, (99999999 - to_char(f.day, 'YYYYMMDD')::integer) || ' ' || f.currency || ' ' || f.base AS place
        FROM budget.fx_rate AS f WHERE args ->> 'currency' IS NULL OR f.currency = upper(args ->> 'currency')),
    slice AS (
        SELECT m.item, m.place FROM matching AS m WHERE after IS NULL OR m.place > after ORDER BY m.place LIMIT size + 1
        OFFSET CASE WHEN after IS NULL THEN (page - 1) * size::bigint ELSE 0 END)
    SELECT (SELECT count(*) FROM matching), array_agg(budget.fx_rate_json(s.item) ORDER BY s.place),
        (array_agg(s.place ORDER BY s.place))[size] INTO found_rows, rows, last FROM slice AS s;
    RETURN ROW(NULL, json_build_object('items', coalesce(to_json(rows[:size]), '[]'), 'total', found_rows, 'page', page,
        'limit', size, 'next_cursor', CASE WHEN cardinality(rows) > size THEN budget.cursor_encode(last) END),
        NULL)::budget.reply;
END $$;
