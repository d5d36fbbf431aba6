-- A key by its public id, across tenants: the one look-up that comes before we know who asks. The secret is compared in C.
-- Reads: api_key, tenant.
CREATE OR REPLACE FUNCTION budget.key_find(public_id text)
RETURNS TABLE (tenant_id uuid, key_id uuid, secret_hash text, name text, role text, budget_id uuid, expires_at bigint,
               is_revoked boolean, public_id_found text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, budget, pg_temp AS $$
#variable_conflict use_column
BEGIN
    PERFORM set_config('budget.tenant', '*', true);
    RETURN QUERY SELECT k.tenant_id, k.key_id, encode(k.secret_hash, 'hex'), k.name, k.role, k.budget_id,
            ceil(extract(epoch FROM k.expires_at))::bigint, k.revoked_at IS NOT NULL OR NOT t.is_active, k.public_id
        FROM budget.api_key k JOIN budget.tenant t ON t.tenant_id = k.tenant_id
        WHERE k.public_id = key_find.public_id;
END $$;
