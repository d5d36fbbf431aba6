-- Forgets idempotency keys older than the setting idempotency_days, at most `batch` a call. Returns how many; dry_run
-- counts.
-- Writes: request_key
CREATE OR REPLACE FUNCTION budget.request_keys_expire(batch integer, dry_run boolean DEFAULT false,
    at timestamptz DEFAULT NULL)
RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, budget, pg_temp AS $$
DECLARE
    oldest constant timestamptz := coalesce(at,
        clock_timestamp()) - make_interval(days => budget.setting_value('idempotency_days')::integer);
    tenants uuid[];
    tenant uuid;
    done bigint := 0;
    gone bigint;
BEGIN
    PERFORM set_config('budget.tenant', '*', true);
    tenants := ARRAY(SELECT t.tenant_id FROM budget.tenant t WHERE t.tenant_id <> budget.catalogue_tenant()
        ORDER BY t.tenant_id);
    FOREACH tenant IN ARRAY tenants LOOP
        PERFORM budget.enter(tenant, '{"actor": "request-keys", "role": "system"}');
        IF dry_run THEN
            done := done + (SELECT count(*) FROM budget.request_key k WHERE k.tenant_id = tenant
                AND k.created_at < oldest);
            CONTINUE;
        END IF;
        EXIT WHEN done >= batch;
        -- Unordered, so that the BRIN index on the time of making finds them without a walk over all keys.
        DELETE FROM budget.request_key k USING (
            SELECT o.verb, o.key_hash FROM budget.request_key o WHERE o.tenant_id = tenant AND o.created_at < oldest
            LIMIT batch - done FOR UPDATE SKIP LOCKED) AS old
        WHERE k.tenant_id = tenant AND k.verb = old.verb AND k.key_hash = old.key_hash;
        GET DIAGNOSTICS gone = ROW_COUNT;
        done := done + gone;
    END LOOP;
    RETURN done;
END $$;
