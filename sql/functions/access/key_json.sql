-- A key as the API shows it: everything but its secret.
CREATE OR REPLACE FUNCTION budget.key_json(k budget.api_key) RETURNS json LANGUAGE sql STABLE AS $$
    SELECT json_build_object('key_id', k.key_id, 'public_id', k.public_id, 'name', k.name, 'role', k.role, 'budget_id', k.budget_id,
        'is_active', k.revoked_at IS NULL AND coalesce(k.expires_at > now(), true), 'created_at', budget.utc(k.created_at),
        'expires_at', budget.utc(k.expires_at), 'revoked_at', budget.utc(k.revoked_at), 'last_used_at', budget.utc(k.last_used_at))
$$;
