-- Notes the minute a key was last used. Called by handlers at most once a minute for a key.
-- Writes: api_key.
CREATE OR REPLACE FUNCTION budget.key_used(tenant uuid, key uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, budget, pg_temp AS $$
BEGIN
    PERFORM budget.enter(tenant);
    UPDATE budget.api_key k SET last_used_at = date_trunc('minute', clock_timestamp())
    WHERE k.tenant_id = tenant AND k.key_id = key
      AND (k.last_used_at IS NULL OR k.last_used_at < date_trunc('minute', clock_timestamp()));
END $$;
