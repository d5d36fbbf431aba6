-- Locks the holds that open items name, and the slices their records are taken from, by id.
CREATE OR REPLACE FUNCTION budget.ledger_lock_holds(p_tenant uuid, p_items budget.ledger_item[],
    p_outcomes budget.ledger_outcome[], p_slices uuid[])
RETURNS budget.hold[] LANGUAGE plpgsql AS $$
DECLARE
    ids uuid[];
    result budget.hold[];
BEGIN
    SELECT array_agg(DISTINCT i.hold_id ORDER BY i.hold_id) INTO ids FROM unnest(p_items) i
     WHERE i.hold_id IS NOT NULL AND (p_outcomes[i.n]).status IS NULL;
    ids := ids || p_slices;
    IF ids IS NULL THEN
        RETURN '{}';
    END IF;
    SELECT array_agg(h.locked) INTO result -- ids are in order: locked one after the other, by key
      FROM unnest(ids) AS named (id)
     CROSS JOIN LATERAL (SELECT x AS locked FROM budget.hold x WHERE x.tenant_id = p_tenant AND x.hold_id = named.id
           FOR NO KEY UPDATE) h;
    RETURN coalesce(result, '{}');
END $$;

-- The instant a decision is made at: the clock's, but never before an instant decided at already, so that a clock that steps
-- back a little revives no hold and no period. An instant further ahead than future_minutes was a wrong clock: it is let go,
-- or one bad jump would hold every later period in its future.
CREATE OR REPLACE FUNCTION budget.ledger_instant(decided timestamptz[]) RETURNS timestamptz LANGUAGE plpgsql AS $$
DECLARE
    now timestamptz := clock_timestamp();
    latest timestamptz := now;
    at timestamptz;
BEGIN
    FOREACH at IN ARRAY coalesce(decided, '{}') LOOP
        IF at > latest AND at <= now + make_interval(mins => budget.setting_value('future_minutes')::integer) THEN
            latest := at;
        END IF;
    END LOOP;
    RETURN latest;
END $$;

-- The policy states of everything the group posts to or holds on, by (revision, scope): one for each policy, and where
-- sessions or tasks are counted apart one for each of those. present: how many of them exist.
CREATE OR REPLACE FUNCTION budget.ledger_states_wanted(p_tenant uuid, p_items budget.ledger_item[],
    p_shapes budget.ledger_shape[], p_holds budget.hold[], OUT revisions integer[], OUT scopes text[],
    OUT present integer) LANGUAGE plpgsql STABLE AS $$
DECLARE
    is_scoped boolean;
BEGIN
    SELECT array_agg(wanted.revision ORDER BY wanted.revision), array_agg(''::text ORDER BY wanted.revision),
        count(st.revision), bool_or(r.period IN ('per_session', 'per_task'))
      INTO revisions, scopes, present, is_scoped
      FROM (SELECT unnest(sh.revisions) AS revision FROM unnest(p_shapes) sh WHERE sh.error_code IS NULL
             UNION SELECT unnest(h.revisions) FROM unnest(p_holds) h) wanted
     CROSS JOIN LATERAL (SELECT x.period FROM budget.policy_revision x
           WHERE x.tenant_id = p_tenant AND x.revision = wanted.revision LIMIT 1) r
      LEFT JOIN LATERAL (SELECT x.revision FROM budget.policy_state x WHERE x.tenant_id = p_tenant
           AND x.revision = wanted.revision AND x.scope = '' LIMIT 1) st ON true;
    IF is_scoped THEN
        SELECT s.revisions, s.scopes, s.present INTO revisions, scopes, present
          FROM budget.ledger_states_scoped(p_tenant, p_items, p_holds, revisions) s;
    END IF;
END $$;

-- The same where some of these policies count sessions or tasks apart.
CREATE OR REPLACE FUNCTION budget.ledger_states_scoped(p_tenant uuid, p_items budget.ledger_item[],
    p_holds budget.hold[], p_revisions integer[], OUT revisions integer[], OUT scopes text[], OUT present integer)
LANGUAGE plpgsql STABLE AS $$
BEGIN
    SELECT array_agg(w.revision ORDER BY w.revision, w.scope), array_agg(w.scope ORDER BY w.revision, w.scope),
        count(st.revision)
      INTO revisions, scopes, present
      FROM (SELECT DISTINCT r.revision, coalesce(m.scope, '') AS scope
              FROM unnest(p_revisions) AS wanted (revision)
             CROSS JOIN LATERAL (SELECT x.revision, x.period FROM budget.policy_revision x
                   WHERE x.tenant_id = p_tenant AND x.revision = wanted.revision LIMIT 1) r
              LEFT JOIN LATERAL (SELECT budget.scope_of(r.period, i.context_id, i.task_id) AS scope
                      FROM unnest(p_items) i WHERE r.revision = ANY (i.revisions) AND i.error_code IS NULL
                     UNION ALL SELECT budget.scope_of(r.period, h.context_id, h.task_id) FROM unnest(p_holds) h
                     WHERE r.revision = ANY (h.revisions)) m ON r.period IN ('per_session', 'per_task')) w
      LEFT JOIN LATERAL (SELECT x.revision FROM budget.policy_state x WHERE x.tenant_id = p_tenant
           AND x.revision = w.revision AND x.scope = w.scope LIMIT 1) st ON true;
END $$;

-- Locks them in that order, then takes the one instant the group decides at: never before an instant another group has
-- decided at, whatever the clock does.
CREATE OR REPLACE FUNCTION budget.ledger_lock_states(p_tenant uuid, p_items budget.ledger_item[],
    p_shapes budget.ledger_shape[],
    p_holds budget.hold[], OUT slots budget.ledger_slot[], OUT t timestamptz) LANGUAGE plpgsql AS $$
DECLARE
    revisions integer[];
    scopes text[];
    present integer;
BEGIN
    SELECT w.revisions, w.scopes, w.present INTO revisions, scopes, present
      FROM budget.ledger_states_wanted(p_tenant, p_items, p_shapes, p_holds) w;
    IF revisions IS NULL THEN
        t := clock_timestamp();
        slots := '{}';
        RETURN;
    END IF;
    IF present < cardinality(revisions) THEN -- made in order before the first lock, so that nobody waits crosswise
        INSERT INTO budget.policy_state (tenant_id, revision, scope)
        SELECT p_tenant, w.revision, w.scope FROM unnest(revisions, scopes) AS w (revision, scope) ORDER BY 2, 3
            ON CONFLICT DO NOTHING;
    END IF;
    SELECT budget.ledger_instant(array_agg(l.last_t)) INTO t FROM (
        SELECT s.last_t FROM unnest(revisions, scopes) AS w (revision, scope) -- sorted: locked one after the other
         CROSS JOIN LATERAL (SELECT x.last_t FROM budget.policy_state x WHERE x.tenant_id = p_tenant
               AND x.revision = w.revision AND x.scope = w.scope FOR NO KEY UPDATE) s) l;
    slots := budget.ledger_slots(p_tenant, revisions, scopes, t);
END $$;
