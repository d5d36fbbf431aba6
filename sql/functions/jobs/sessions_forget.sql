-- Forgets sessions and tasks that nobody has used for 90 days and that hold nothing: the state and counter of every
-- per_session and per_task policy. A session that returns later starts anew. Buckets that fell out of a rolling window
-- long ago (four windows, a day at least) go as well; those a window has not been moved past stay.
-- Records stay as they are: what was used is in reports as ever.
-- Returns the rows it deleted, at most about `batch` a tenant; dry_run counts what is due at `at` and changes nothing.
-- Lock: the epoch exclusively, so that no group has one of these states in hand; batches are short.
-- Writes: counter, policy_state.
CREATE OR REPLACE FUNCTION budget.sessions_forget(batch integer, dry_run boolean DEFAULT false,
    at timestamptz DEFAULT NULL)
RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, budget, pg_temp AS $$
DECLARE
    tenants uuid[];
    tenant uuid;
    done bigint := 0;
BEGIN
    PERFORM set_config('budget.tenant', '*', true);
    tenants := ARRAY(SELECT t.tenant_id FROM budget.tenant t WHERE t.tenant_id <> budget.catalogue_tenant()
        ORDER BY t.tenant_id);
    FOREACH tenant IN ARRAY tenants LOOP
        PERFORM budget.enter(tenant, '{"actor": "sessions", "role": "system"}');
        IF dry_run THEN
            done := done + (SELECT count(*) FROM budget.sessions_idle(tenant, coalesce(at, clock_timestamp()), NULL))
                + (SELECT count(*) FROM budget.buckets_fallen(tenant, NULL));
        ELSE
            EXIT WHEN done >= batch;
            done := done + budget.sessions_forget_tenant(tenant, batch - done::integer);
        END IF;
    END LOOP;
    RETURN done;
END $$;

CREATE OR REPLACE FUNCTION budget.sessions_forget_tenant(p_tenant uuid, batch integer) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    gone bigint;
    more bigint;
BEGIN
    IF NOT EXISTS (SELECT FROM budget.sessions_idle(p_tenant, clock_timestamp(), 1))
        AND NOT EXISTS (SELECT FROM budget.buckets_fallen(p_tenant, 1)) THEN
        RETURN 0; -- the usual case takes no lock
    END IF;
    PERFORM budget.epoch_lock(true);
    WITH idle AS MATERIALIZED (SELECT * FROM budget.sessions_idle(p_tenant, clock_timestamp(), batch)),
    counters AS (DELETE FROM budget.counter c USING idle i WHERE c.tenant_id = p_tenant AND c.revision = i.revision
        AND c.scope = i.scope),
    states AS (DELETE FROM budget.policy_state s USING idle i WHERE s.tenant_id = p_tenant AND s.revision = i.revision
        AND s.scope = i.scope)
    SELECT count(*) INTO gone FROM idle;
    DELETE FROM budget.counter c USING budget.buckets_fallen(p_tenant, batch) b
    WHERE c.tenant_id = p_tenant AND c.revision = b.revision AND c.scope = b.scope AND c.period_start = b.period_start;
    GET DIAGNOSTICS more = ROW_COUNT;
    RETURN gone + more;
END $$;

-- Sessions and tasks idle for 90 days. most: NULL = all.
CREATE OR REPLACE FUNCTION budget.sessions_idle(p_tenant uuid, at timestamptz, most integer)
RETURNS TABLE (revision integer, scope text) LANGUAGE sql STABLE AS $$
    SELECT s.revision, s.scope FROM budget.policy_revision r
      JOIN budget.policy_state s ON s.tenant_id = r.tenant_id AND s.revision = r.revision
     WHERE r.tenant_id = p_tenant AND r.period IN ('per_session', 'per_task')
       AND s.touched_at < at - interval '90 days' AND s.held_cost = 0 AND s.held_tokens = 0
     LIMIT most
$$;

-- Buckets that no reading of their rolling window looks at any more.
CREATE OR REPLACE FUNCTION budget.buckets_fallen(p_tenant uuid, most integer)
RETURNS TABLE (revision integer, scope text, period_start timestamptz) LANGUAGE sql STABLE AS $$
    SELECT c.revision, c.scope, c.period_start FROM budget.policy_revision r
      JOIN budget.policy_state s ON s.tenant_id = r.tenant_id AND s.revision = r.revision
      JOIN budget.counter c ON c.tenant_id = s.tenant_id AND c.revision = s.revision AND c.scope = s.scope
       AND c.period_start < budget.bucket_floor(s.window_floor, r.window_seconds)
     WHERE r.tenant_id = p_tenant AND r.period = 'rolling'
     LIMIT most
$$;

CREATE OR REPLACE FUNCTION budget.bucket_floor(window_floor timestamptz, window_seconds integer) RETURNS timestamptz
LANGUAGE sql IMMUTABLE AS $$
    SELECT window_floor - greatest(make_interval(secs => 4 * window_seconds::double precision), interval '1 day')
$$;

-- Is a counter missing because it was forgotten, or lower than the records because its session was and came back?
CREATE OR REPLACE FUNCTION budget.counter_is_forgotten(p_tenant uuid, p_revision integer, p_scope text,
    p_period_start timestamptz, is_missing boolean, at timestamptz) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
DECLARE
    r budget.policy_revision := (SELECT x FROM budget.policy_revision x WHERE x.tenant_id = p_tenant
        AND x.revision = p_revision);
    s budget.policy_state := (SELECT x FROM budget.policy_state x WHERE x.tenant_id = p_tenant
        AND x.revision = p_revision AND x.scope = p_scope);
BEGIN
    IF r.period = 'rolling' THEN
        RETURN is_missing AND p_period_start < budget.bucket_floor(s.window_floor, r.window_seconds);
    ELSIF r.period NOT IN ('per_session', 'per_task') OR r.period IS NULL THEN
        RETURN false;
    ELSIF s.revision IS NULL THEN
        RETURN is_missing;
    END IF;
    RETURN EXISTS (SELECT FROM budget.usage_record u WHERE u.tenant_id = p_tenant
        AND u.record_id < budget.uuid_v7_floor(at - interval '90 days') AND p_revision = ANY (u.revisions)
        AND budget.scope_of(r.period, u.context_id, u.task_id) = p_scope);
END $$;
