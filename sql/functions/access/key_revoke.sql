-- DELETE /keys/{id}: the key stops working within the handlers' cache time (5 s). Again: the same answer.
-- The last admin key that works is not revoked by itself: nobody could make another.
-- Writes: api_key, audit_log.
CREATE OR REPLACE FUNCTION budget.key_revoke(tenant uuid, context jsonb, args jsonb) RETURNS budget.reply
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, budget, pg_temp AS $$
DECLARE
    id constant uuid := (args ->> 'id')::uuid;
    old budget.api_key;
    new budget.api_key;
BEGIN
    PERFORM budget.enter(tenant, context);
    PERFORM FROM budget.api_key k WHERE k.tenant_id = tenant AND k.role = 'admin' ORDER BY k.key_id FOR UPDATE;
    SELECT * INTO old FROM budget.api_key k WHERE k.tenant_id = tenant AND k.key_id = id FOR UPDATE;
    IF NOT FOUND THEN
        PERFORM budget.fail(404, 'key_not_found', '', format('There is no key %s: GET /api/v1/keys lists what there is.', id));
    END IF;
    IF old.revoked_at IS NULL AND old.role = 'admin' AND (context ->> 'key_id')::uuid = id AND NOT EXISTS (
        SELECT FROM budget.api_key k WHERE k.tenant_id = tenant AND k.role = 'admin' AND k.key_id <> id AND k.revoked_at IS NULL
            AND k.budget_id IS NULL AND coalesce(k.expires_at > now(), true)) THEN
        PERFORM budget.fail(409, 'last_admin_key', '', 'This is the last admin key that works: make another one first (POST /api/v1/keys).');
    END IF;
    UPDATE budget.api_key k SET revoked_at = coalesce(k.revoked_at, clock_timestamp()) WHERE k.tenant_id = tenant AND k.key_id = id
    RETURNING * INTO new;
    IF old.revoked_at IS NULL THEN
        PERFORM budget.audit('key.revoke', id::text, budget.key_json(old)::jsonb, budget.key_json(new)::jsonb);
    END IF;
    RETURN ROW(NULL, budget.key_json(new), NULL)::budget.reply;
END $$;
