-- The built-in catalogue: sql/catalogue/*.csv, read by `budget db migrate` and by tests/harness/db.sh. Repeatable: what
-- is in the files already changes nothing.
--   SELECT budget.catalogue_load('providers' | 'tiers' | 'models' | 'aliases' | 'prices', <text of the file>)
-- in this order; returns one line for people. Column by column: sql/catalogue/README.md.

-- Rows of a CSV text as JSON objects: first line = names, '#' lines and empty lines are skipped, an empty cell is null.
-- No quoting: a cell holds no comma (the notes use semicolons).
CREATE OR REPLACE FUNCTION budget.csv_rows(csv text, OUT line bigint, OUT cells jsonb)
RETURNS SETOF record LANGUAGE plpgsql AS $$
DECLARE
    header text[];
    cell text[];
    item record;
BEGIN
    FOR item IN SELECT t.ordinality, rtrim(t.text, E'\r') AS text
        FROM string_to_table(csv, E'\n') WITH ORDINALITY AS t (text, ordinality) LOOP
        CONTINUE WHEN item.text = '' OR item.text LIKE '#%';
        cell := string_to_array(item.text, ',', '');
        IF header IS NULL THEN
            header := cell;
            CONTINUE;
        END IF;
        IF cardinality(cell) <> cardinality(header) THEN
            RAISE EXCEPTION 'catalogue line %: % cells where the header has %: %', item.ordinality, cardinality(cell),
                cardinality(header), item.text
                USING ERRCODE = 'data_exception';
        END IF;
        line := item.ordinality;
        cells := jsonb_object(header, cell);
        RETURN NEXT;
    END LOOP;
END $$;

-- Two lines about the same thing are a slip of the pen: say which.
CREATE OR REPLACE FUNCTION budget.catalogue_twins(kind text, csv text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    twin record;
BEGIN
    SELECT c.key, array_agg(c.line ORDER BY c.line) AS lines INTO twin
    FROM (SELECT r.line, concat_ws(' ', r.cells ->> 'provider', r.cells ->> 'alias',
              CASE WHEN kind <> 'aliases' THEN r.cells ->> 'model' END,
              CASE WHEN kind = 'prices' THEN coalesce(nullif(r.cells ->> 'service_tier', ''), 'standard') END,
              r.cells ->> 'from', r.cells ->> 'above_input_tokens') AS key FROM budget.csv_rows(csv) AS r) AS c
    GROUP BY c.key HAVING count(*) > 1 LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'catalogue %: "%" stands there twice, lines %', kind, twin.key,
            array_to_string(twin.lines, ' and ')
            USING ERRCODE = 'data_exception';
    END IF;
END $$;

CREATE OR REPLACE FUNCTION budget.catalogue_load(kind text, csv text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, budget, pg_temp AS $$
DECLARE
    changed bigint;
    total bigint;
BEGIN
    PERFORM budget.enter(budget.catalogue_tenant(), '{"actor": "catalogue", "role": "system"}');
    PERFORM pg_advisory_xact_lock(hashtextextended('price ' || budget.catalogue_tenant(), 0));
    PERFORM budget.catalogue_twins(kind, csv);
    EXECUTE format('SELECT r.changed, r.total FROM budget.catalogue_load_%I($1) AS r', kind) INTO changed, total
        USING csv;
    IF changed > 0 THEN
        PERFORM budget.price_offers_refresh(budget.catalogue_tenant());
        UPDATE budget.tenant SET price_epoch = price_epoch + 1, updated_at = now()
            WHERE tenant_id = budget.catalogue_tenant();
        PERFORM budget.audit('catalogue.load', kind, NULL,
            jsonb_build_object('kind', kind, 'changed', changed, 'total', total));
    END IF;
    RETURN format('catalogue %s: %s rows, %s changed%s', kind, total, changed, CASE WHEN kind = 'prices' AND total = 0
        AND budget.catalogue_currency() <> 'USD' THEN format('; they are in USD: store a rate (budget prices rates set USD '
            'RATE) and start again, until then models are unpriced') ELSE '' END);
END $$;

-- provider, kind, names (separated by spaces; the canonical name itself is always one)
CREATE OR REPLACE FUNCTION budget.catalogue_load_providers(csv text, OUT changed bigint, OUT total bigint)
LANGUAGE sql AS $$
    WITH wanted AS (SELECT DISTINCT n.name, c.cells ->> 'provider' AS provider, c.cells ->> 'kind' AS kind
                    FROM budget.csv_rows(csv) AS c,
                        string_to_table(concat_ws(' ', c.cells ->> 'provider', c.cells ->> 'names'), ' ') AS n (name)),
    written AS (INSERT INTO budget.provider_name AS p (tenant_id, name, provider, kind)
                SELECT budget.catalogue_tenant(), w.name, w.provider, w.kind FROM wanted AS w
                ON CONFLICT (tenant_id, name) DO UPDATE SET provider = excluded.provider, kind = excluded.kind
                WHERE (p.provider, p.kind) IS DISTINCT FROM (excluded.provider, excluded.kind) RETURNING 1)
    SELECT (SELECT count(*) FROM written), (SELECT count(*) FROM wanted)
$$;

-- provider, model, tier: the whole table, so that a rule taken out of the file is gone
CREATE OR REPLACE FUNCTION budget.catalogue_load_tiers(csv text, OUT changed bigint, OUT total bigint)
LANGUAGE sql AS $$
    WITH wanted AS (SELECT coalesce(c.cells ->> 'provider', '') AS provider,
        coalesce(c.cells ->> 'model', '') AS model, c.cells ->> 'tier' AS tier
                    FROM budget.csv_rows(csv) AS c),
    gone AS (DELETE FROM budget.tier_rule AS r WHERE NOT EXISTS (
        SELECT FROM wanted AS w WHERE (w.provider, w.model) = (r.provider, r.model)) RETURNING 1),
    written AS (INSERT INTO budget.tier_rule AS r (provider, model, tier) SELECT w.provider, w.model, w.tier
                FROM wanted AS w
                ON CONFLICT (provider, model) DO UPDATE SET tier = excluded.tier WHERE r.tier <> excluded.tier
                    RETURNING 1)
    SELECT (SELECT count(*) FROM written) + (SELECT count(*) FROM gone), (SELECT count(*) FROM wanted)
$$;

-- provider, model, display_name, tier, mode, context_tokens, max_output_tokens, capabilities (separated by spaces),
-- local
CREATE OR REPLACE FUNCTION budget.catalogue_load_models(csv text, OUT changed bigint, OUT total bigint)
LANGUAGE sql AS $$
    WITH wanted AS (SELECT c.cells ->> 'provider' AS provider, c.cells ->> 'model' AS model,
                           c.cells ->> 'display_name' AS display_name, c.cells ->> 'tier' AS tier,
                           coalesce(c.cells ->> 'mode', 'chat') AS mode,
                           (c.cells ->> 'context_tokens')::bigint AS context_tokens,
                           (c.cells ->> 'max_output_tokens')::bigint AS max_output_tokens,
                           coalesce(string_to_array(c.cells ->> 'capabilities', ' '), '{}') AS capabilities,
                           coalesce(c.cells ->> 'local' = 'yes', false) AS is_local
                    FROM budget.csv_rows(csv) AS c),
    written AS (INSERT INTO budget.model AS m (tenant_id, provider, model, display_name, tier, mode, context_tokens,
                                               max_output_tokens, capabilities, is_local)
                SELECT budget.catalogue_tenant(), w.* FROM wanted AS w
                ON CONFLICT (tenant_id, provider, model) DO UPDATE SET display_name = excluded.display_name,
                    tier = excluded.tier, mode = excluded.mode, context_tokens = excluded.context_tokens,
                    max_output_tokens = excluded.max_output_tokens, capabilities = excluded.capabilities,
                    is_local = excluded.is_local
                WHERE m.* IS DISTINCT FROM excluded.* RETURNING 1)
    SELECT (SELECT count(*) FROM written), (SELECT count(*) FROM wanted)
$$;

-- provider, alias, price_provider (empty = the same), model
CREATE OR REPLACE FUNCTION budget.catalogue_load_aliases(csv text, OUT changed bigint, OUT total bigint)
LANGUAGE sql AS $$
    WITH wanted AS (SELECT c.cells ->> 'provider' AS provider, c.cells ->> 'alias' AS alias,
                           coalesce(c.cells ->> 'price_provider', c.cells ->> 'provider') AS price_provider,
                           c.cells ->> 'model' AS model
                    FROM budget.csv_rows(csv) AS c),
    written AS (INSERT INTO budget.model_alias AS a (tenant_id, provider, alias, price_provider, model)
                SELECT budget.catalogue_tenant(), w.* FROM wanted AS w
                ON CONFLICT (tenant_id, provider, alias) DO UPDATE SET price_provider = excluded.price_provider,
                    model = excluded.model
                WHERE (a.price_provider, a.model) IS DISTINCT FROM (excluded.price_provider, excluded.model)
                    RETURNING 1)
    SELECT (SELECT count(*) FROM written), (SELECT count(*) FROM wanted)
$$;
