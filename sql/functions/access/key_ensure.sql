-- The key that the setting admin_key names works as admin of the local tenant; the one it named before no longer does.
-- Run at every start and migration: no change, no write.
-- Writes: api_key, audit_log.
CREATE OR REPLACE FUNCTION budget.key_ensure(public_id text, secret_hash text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, budget, pg_temp AS $$
#variable_conflict use_column
DECLARE
    tenant constant uuid := budget.local_tenant();
    hash constant bytea := decode(key_ensure.secret_hash, 'hex');
    old_id uuid;
    new_id uuid := budget.uuid_v7();
BEGIN
    PERFORM budget.enter(tenant, '{"actor": "start", "role": "system"}');
    PERFORM pg_advisory_xact_lock(hashtext('budget.key_ensure'));
    FOR old_id IN UPDATE budget.api_key k SET revoked_at = clock_timestamp()
        WHERE k.tenant_id = tenant AND k.name = 'BUDGET_ADMIN_KEY' AND k.revoked_at IS NULL AND k.secret_hash <> hash
        RETURNING k.key_id LOOP
        PERFORM budget.audit('key.revoke', old_id::text, NULL, jsonb_build_object('reason', 'BUDGET_ADMIN_KEY names another key now'));
    END LOOP;
    IF EXISTS (SELECT FROM budget.api_key k WHERE k.tenant_id = tenant AND k.secret_hash = hash AND k.revoked_at IS NULL) THEN
        RETURN false;
    END IF;
    INSERT INTO budget.api_key AS k (tenant_id, key_id, public_id, secret_hash, name, role)
    VALUES (tenant, new_id, key_ensure.public_id, hash, 'BUDGET_ADMIN_KEY', 'admin')
    ON CONFLICT (public_id) DO UPDATE SET secret_hash = hash, revoked_at = NULL, expires_at = NULL, role = 'admin', name = excluded.name
        WHERE k.tenant_id = excluded.tenant_id
    RETURNING k.key_id INTO new_id;
    PERFORM budget.audit('key.create', new_id::text, NULL, jsonb_build_object('name', 'BUDGET_ADMIN_KEY', 'role', 'admin'));
    RETURN true;
END $$;
