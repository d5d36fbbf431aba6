-- The sweeper: holds past their expiry become `expired` and what they held is free in policy_state. Nothing waits for
-- it: a refusal and a quote leave expired holds out by themselves (budget.ledger_slack), this only keeps that set
-- small.
-- Returns the holds it expired, at most `batch`; dry_run counts what is due at `at` and changes nothing.
-- Writes: policy_state, hold.  Lock order: epoch (shared) -> hold by id, SKIP LOCKED -> policy_state by (revision,
-- scope).
CREATE OR REPLACE FUNCTION budget.holds_expire(batch integer, dry_run boolean DEFAULT false,
    at timestamptz DEFAULT NULL)
RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, budget, pg_temp
SET enable_seqscan = off AS $$ -- plans may be made while the table is empty
DECLARE
    tenants uuid[];
    tenant uuid;
    done bigint := 0;
BEGIN
    PERFORM set_config('budget.tenant', '*', true);
    tenants := ARRAY(SELECT t.tenant_id FROM budget.tenant t WHERE t.tenant_id <> budget.catalogue_tenant()
        ORDER BY t.tenant_id);
    FOREACH tenant IN ARRAY tenants LOOP
        PERFORM budget.enter(tenant, '{"actor": "holds-expire", "role": "system"}');
        IF dry_run THEN
            done := done + (SELECT count(*) FROM budget.hold h WHERE h.tenant_id = tenant AND h.state = 'live'
                            AND h.expires_at <= coalesce(at, clock_timestamp()));
        ELSE
            EXIT WHEN done >= batch;
            done := done + budget.holds_expire_tenant(tenant, batch - done::integer);
        END IF;
    END LOOP;
    RETURN done;
END $$;

CREATE OR REPLACE FUNCTION budget.holds_expire_tenant(p_tenant uuid, batch integer) RETURNS bigint
    LANGUAGE plpgsql AS $$
DECLARE
    t constant timestamptz := clock_timestamp();
    due uuid[];
    ids uuid[];
BEGIN
    PERFORM budget.epoch_lock(false);
    -- The earliest due by the index on expiry, then locked in the order of ids as everybody does. Two statements, because
    -- a join was planned for a tenth of all holds (a LIMIT that is a parameter); state || '' keeps the second one off the
    -- partial indexes, of which the planner thinks too well before the first ANALYZE: 2.6 s a batch instead of 10 ms.
    due := ARRAY(SELECT h.hold_id FROM budget.hold h
        WHERE h.tenant_id = p_tenant AND h.state = 'live' AND h.expires_at <= t
        ORDER BY h.tenant_id, h.expires_at LIMIT batch);
    ids := ARRAY(SELECT h.hold_id FROM budget.hold h
        WHERE h.tenant_id = p_tenant AND h.hold_id = ANY (due) AND h.state || '' = 'live' AND h.expires_at <= t
        ORDER BY h.hold_id FOR NO KEY UPDATE OF h SKIP LOCKED);
    IF cardinality(ids) = 0 THEN
        RETURN 0;
    END IF;
    PERFORM budget.holds_free(p_tenant, ids, t);
    UPDATE budget.hold h SET state = 'expired', resolved_at = h.expires_at, left_tokens = 0, left_cost = 0
    WHERE h.tenant_id = p_tenant AND h.hold_id = ANY (ids);
    RETURN cardinality(ids);
END $$;

-- Takes what is left of these holds (locked by the caller) out of what their policies hold.
CREATE OR REPLACE FUNCTION budget.holds_free(p_tenant uuid, ids uuid[], t timestamptz) RETURNS void
    LANGUAGE plpgsql AS $$
DECLARE
    revisions integer[];
    scopes text[];
    costs numeric[];
    tokens bigint[];
BEGIN
    SELECT array_agg(d.revision), array_agg(d.scope), array_agg(d.cost), array_agg(d.tokens) INTO revisions, scopes,
        costs, tokens FROM (
        SELECT r.revision, CASE r.period WHEN 'per_session' THEN coalesce(h.context_id, '')
            WHEN 'per_task' THEN coalesce(h.task_id, '')
                   ELSE '' END AS scope, sum(h.left_cost) AS cost, sum(h.left_tokens)::bigint AS tokens
        FROM budget.hold h CROSS JOIN LATERAL unnest(h.revisions) AS held (revision)
        JOIN budget.policy_revision r ON r.tenant_id = p_tenant AND r.revision = held.revision
        WHERE h.tenant_id = p_tenant AND h.hold_id = ANY (ids) GROUP BY 1, 2 ORDER BY 1, 2) d;
    PERFORM FROM budget.policy_state s JOIN unnest(revisions, scopes) AS w (revision, scope) ON w.revision = s.revision
        AND w.scope = s.scope
    WHERE s.tenant_id = p_tenant ORDER BY s.revision, s.scope FOR NO KEY UPDATE OF s;
    UPDATE budget.policy_state s SET held_cost = s.held_cost - w.cost, held_tokens = s.held_tokens - w.tokens,
        last_t = greatest(s.last_t, t), touched_at = t
    FROM unnest(revisions, scopes, costs, tokens) AS w (revision, scope, cost, tokens)
    WHERE s.tenant_id = p_tenant AND s.revision = w.revision AND s.scope = w.scope;
END $$;
