-- GET /audit: who changed what, newest first. Dates are days of the tenant's root budget.
-- Reads: audit_log.
CREATE OR REPLACE FUNCTION budget.audit_list(tenant uuid, context jsonb, args jsonb) RETURNS budget.reply
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, budget, pg_temp AS $$
DECLARE
    per_page constant integer := coalesce((args ->> 'limit')::integer, 50);
    page constant integer := coalesce((args ->> 'page')::integer, 1);
    below constant uuid := (budget.cursor_decode(args ->> 'cursor', 1))[1]::uuid;
    zone text;
    first timestamptz;
    behind timestamptz;
    total bigint;
    ids uuid[];
BEGIN
    PERFORM budget.enter(tenant, context);
    SELECT b.time_zone INTO zone FROM budget.budget b WHERE b.tenant_id = tenant AND b.parent_id IS NULL;
    first := budget.range_bound(args ->> 'start_date', coalesce(zone, 'UTC'), false);
    behind := budget.range_bound(args ->> 'end_date', coalesce(zone, 'UTC'), true);
    WITH matching AS MATERIALIZED (
        SELECT a.audit_id FROM budget.audit_log a
        WHERE a.tenant_id = budget.tenant()
          AND (args ->> 'entity' IS NULL OR a.entity = args ->> 'entity')
          AND (args ->> 'entity_id' IS NULL OR a.entity_id = args ->> 'entity_id')
          AND (args ->> 'action' IS NULL OR a.action = args ->> 'action')
          AND (args ->> 'actor' IS NULL OR a.actor = args ->> 'actor')
          AND (first IS NULL OR a.at >= first) AND (behind IS NULL OR a.at < behind)
          AND (below IS NULL OR a.audit_id < below)
        ORDER BY a.audit_id DESC LIMIT 10001 + CASE WHEN below IS NULL THEN (page - 1)::bigint * per_page ELSE 0 END)
    SELECT (SELECT nullif(least(count(*), 10001), 10001) FROM matching),
           ARRAY(SELECT m.audit_id FROM matching m ORDER BY m.audit_id DESC
                 LIMIT per_page OFFSET CASE WHEN below IS NULL THEN (page - 1)::bigint * per_page ELSE 0 END)
      INTO total, ids;
    RETURN ROW(NULL, json_build_object(
        'items', (SELECT coalesce(json_agg(budget.audit_json(a) ORDER BY a.audit_id DESC), '[]') FROM budget.audit_log a
                  WHERE a.tenant_id = budget.tenant() AND a.audit_id = ANY (ids)),
        'total', CASE WHEN below IS NULL THEN total END, 'page', page, 'limit', per_page,
        'next_cursor', CASE WHEN cardinality(ids) = per_page THEN budget.cursor_encode(ids[per_page]::text) END), NULL)::budget.reply;
END $$;

CREATE OR REPLACE FUNCTION budget.audit_json(a budget.audit_log) RETURNS json LANGUAGE sql STABLE AS $$
    SELECT json_build_object('audit_id', a.audit_id, 'at', budget.utc(a.at), 'actor', a.actor, 'role', a.role, 'key_id', a.key_id,
        'request_id', a.request_id, 'action', a.action, 'entity', a.entity, 'entity_id', a.entity_id, 'before', a.before, 'after', a.after)
$$;
