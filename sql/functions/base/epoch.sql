-- The policy epoch of a tenant as a lock: whoever counts or admits takes it shared, whoever changes what is counted
-- takes it exclusive. So an edit finds no group in flight and what a new counter opens with is exact. First in the lock
-- order.
CREATE OR REPLACE FUNCTION budget.epoch_lock(exclusive boolean) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF exclusive THEN
        PERFORM pg_advisory_xact_lock(budget.epoch_key(budget.tenant()));
    ELSE
        PERFORM pg_advisory_xact_lock_shared(budget.epoch_key(budget.tenant()));
    END IF;
END $$;

-- Key of the lock. Its seed keeps it apart from other advisory locks on the same tenant.
CREATE OR REPLACE FUNCTION budget.epoch_key(tenant uuid) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT uuid_hash_extended(tenant, 2)
$$;
