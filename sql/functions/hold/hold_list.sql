-- GET /allocations: newest first, live ones unless is_active or state says otherwise.
CREATE OR REPLACE FUNCTION budget.hold_list(tenant uuid, context jsonb, args jsonb) RETURNS budget.reply
    LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, budget, pg_temp AS $$
DECLARE
    page_size constant integer := coalesce((args ->> 'limit')::integer, 50);
    page constant integer := coalesce((args ->> 'page')::integer, 1);
    after constant uuid := (budget.cursor_decode(args ->> 'cursor', 1))[1]::uuid;
    wanted_active constant boolean := CASE
        WHEN args ->> 'state' IS NULL THEN coalesce((args ->> 'is_active')::boolean, true)
            ELSE (args ->> 'is_active')::boolean END;
    now constant timestamptz := clock_timestamp();
    items json;
    last_id uuid;
    found_rows integer;
    total bigint;
BEGIN
    PERFORM budget.enter(tenant, context);
    SELECT json_agg(r.body ORDER BY r.hold_id DESC), count(*), min(r.hold_id::text)::uuid INTO items, found_rows,
        last_id
      FROM (SELECT h.hold_id, budget.hold_json(h, s) AS body FROM budget.hold h
              JOIN budget.shape s ON s.tenant_id = h.tenant_id AND s.shape_id = h.shape_id
             WHERE h.tenant_id = tenant AND budget.hold_is_listed(h, s, args, wanted_active, now) AND (after IS NULL
                 OR h.hold_id < after)
             ORDER BY h.hold_id DESC LIMIT page_size OFFSET CASE WHEN after IS NULL THEN (page - 1) * page_size
                 ELSE 0 END) r;
    SELECT count(*) INTO total
      FROM (SELECT FROM budget.hold h JOIN budget.shape s ON s.tenant_id = h.tenant_id AND s.shape_id = h.shape_id
             WHERE h.tenant_id = tenant AND budget.hold_is_listed(h, s, args, wanted_active, now) LIMIT 10001) c;
    RETURN ROW(200, json_build_object('items', coalesce(items, '[]'), 'total', CASE
        WHEN total <= 10000 THEN total END, 'page', page,
        'limit', page_size, 'next_cursor', CASE
            WHEN found_rows = page_size THEN budget.cursor_encode(last_id::text) END), NULL)::budget.reply;
END $$;

-- The list's filters. Inlines.
CREATE OR REPLACE FUNCTION budget.hold_is_listed(h budget.hold, s budget.shape, args jsonb, wanted_active boolean,
    now timestamptz)
RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT (wanted_active IS NULL OR wanted_active = (h.state = 'live' AND h.expires_at > now))
       AND (args ->> 'state' IS NULL OR args ->> 'state' = CASE WHEN h.state = 'live'
           AND h.expires_at <= now THEN 'expired' ELSE h.state END)
       AND (args ->> 'context_id' IS NULL OR h.context_id = args ->> 'context_id')
       AND (args ->> 'component' IS NULL OR coalesce(s.component, 'unknown') = args ->> 'component')
       AND (args ->> 'tier' IS NULL OR s.tier = args ->> 'tier')
       AND (args ->> 'provider' IS NULL OR s.provider = lower(args ->> 'provider'))
       AND (args ->> 'model' IS NULL OR s.model = args ->> 'model')
       AND (args ->> 'task_type' IS NULL OR coalesce(s.task_type, 'default') = args ->> 'task_type')
       AND (args ->> 'budget_id' IS NULL OR EXISTS (SELECT FROM budget.budget b WHERE b.tenant_id = h.tenant_id
            AND b.budget_id = h.budget_id AND (args ->> 'budget_id')::uuid = ANY (b.path)))
$$;
