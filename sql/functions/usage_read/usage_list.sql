-- GET /usage/records = GET /usage: newest first by (charged_at, record_id). Filters: usage_where, usage_shapes,
-- start_date, end_date. total is exact to 10,000, null beyond.
CREATE OR REPLACE FUNCTION budget.usage_list(tenant uuid, context jsonb, args jsonb) RETURNS budget.reply
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, budget, pg_temp AS $$
DECLARE
    size   integer := coalesce((args ->> 'limit')::integer, 50);
    page   integer := coalesce((args ->> 'page')::integer, 1);
    shapes integer[];
    starts timestamptz;
    ends   timestamptz;
    after  text[];
    clause text;
    found  bigint;
    slice  budget.usage_record[];
    last   budget.usage_record;
    items  json;
BEGIN
    PERFORM budget.enter(tenant, context);
    after := budget.cursor_decode(args ->> 'cursor', 2);
    shapes := budget.usage_shapes(args);
    SELECT r.starts, r.ends INTO starts, ends FROM budget.usage_range(args) AS r;
    clause := budget.usage_where(args, shapes, starts, ends);
    EXECUTE 'SELECT count(*) FROM (SELECT FROM budget.usage_record u WHERE ' || clause || ' LIMIT 10001) AS counted'
       INTO found USING tenant, args, shapes, starts, ends;
    EXECUTE 'SELECT array_agg(r) FROM (SELECT u AS r FROM budget.usage_record u WHERE ' || clause
         || CASE WHEN after IS NULL THEN '' ELSE ' AND (u.charged_at, u.record_id) < ($8, $9)' END
         || ' ORDER BY u.charged_at DESC, u.record_id DESC LIMIT $6 OFFSET $7) AS slice'
       INTO slice USING tenant, args, shapes, starts, ends, size + 1,
            CASE WHEN after IS NULL THEN (page - 1) * size::bigint ELSE 0 END, after[1]::timestamptz, after[2]::uuid;
    IF cardinality(slice) > size THEN
        last := slice[size];
    END IF;
    SELECT json_agg(j.body ORDER BY wanted.charged_at DESC, wanted.record_id DESC) INTO items
      FROM unnest(slice[:size]) AS wanted JOIN budget.usage_records_json(slice[:size]) AS j ON j.id = wanted.record_id;
    RETURN (NULL::integer, json_build_object('items', coalesce(items, '[]'),
        'total', CASE WHEN found <= 10000 THEN found END, 'page', page, 'limit', size,
        'next_cursor', CASE WHEN cardinality(slice) > size
            THEN budget.cursor_encode(budget.utc(last.charged_at), last.record_id::text) END), NULL::text);
END $$;

-- start_date and end_date as instants, in the zone of the budget asked for.
CREATE OR REPLACE FUNCTION budget.usage_range(args jsonb, OUT starts timestamptz, OUT ends timestamptz)
LANGUAGE plpgsql STABLE AS $$
DECLARE
    zone text := (budget.zone_in_sight((args ->> 'budget_id')::uuid)).time_zone;
BEGIN
    starts := budget.range_bound(args ->> 'start_date', zone, false);
    ends := budget.range_bound(args ->> 'end_date', zone, true);
    IF starts >= ends THEN
        PERFORM budget.fail(422, 'range_empty', '/end_date',
            'end_date lies before start_date, or nothing lies between them: swap them.');
    END IF;
END $$;
