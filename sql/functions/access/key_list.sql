-- GET /keys: newest first, revoked ones too unless is_active says otherwise.
-- Reads: api_key.
CREATE OR REPLACE FUNCTION budget.key_list(tenant uuid, context jsonb, args jsonb) RETURNS budget.reply
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, budget, pg_temp AS $$
DECLARE
    per_page constant integer := coalesce((args ->> 'limit')::integer, 50);
    page constant integer := coalesce((args ->> 'page')::integer, 1);
    below constant uuid := (budget.cursor_decode(args ->> 'cursor', 1))[1]::uuid;
    total bigint;
    ids uuid[];
BEGIN
    PERFORM budget.enter(tenant, context);
    WITH matching AS MATERIALIZED (
        SELECT k.key_id FROM budget.api_key k
        WHERE k.tenant_id = budget.tenant() AND (args ->> 'role' IS NULL OR k.role = args ->> 'role')
          AND (args ->> 'is_active' IS NULL
               OR (k.revoked_at IS NULL AND coalesce(k.expires_at > now(), true)) = (args ->> 'is_active')::boolean))
    SELECT (SELECT nullif(count(*), 10001) FROM (SELECT FROM matching LIMIT 10001) c),
           ARRAY(SELECT m.key_id FROM matching m WHERE below IS NULL OR m.key_id < below ORDER BY m.key_id DESC
                 LIMIT per_page OFFSET CASE WHEN below IS NULL THEN (page - 1)::bigint * per_page ELSE 0 END)
      INTO total, ids;
    RETURN ROW(NULL, json_build_object(
        'items', (SELECT coalesce(json_agg(budget.key_json(k) ORDER BY k.key_id DESC), '[]') FROM budget.api_key k
                  WHERE k.tenant_id = budget.tenant() AND k.key_id = ANY (ids)),
        'total', total, 'page', page, 'limit', per_page,
        'next_cursor', CASE WHEN cardinality(ids) = per_page THEN budget.cursor_encode(ids[per_page]::text) END), NULL)::budget.reply;
END $$;
