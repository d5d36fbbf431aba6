-- Revisions of policies: what is counted, and since when. Callers hold the epoch lock exclusively, so no group is in
-- flight and what a new revision opens with is exact: every record of the current period that matches, every live hold.

-- Next revision number of the tenant; shapes are matched again from here on, unless the policy counts none that there is.
CREATE OR REPLACE FUNCTION budget.policy_revision_take(counts_nothing boolean) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    taken integer;
BEGIN
    UPDATE budget.tenant t SET revision_next = t.revision_next + 1,
        policy_epoch = t.policy_epoch + CASE WHEN counts_nothing THEN 0 ELSE 1 END
    WHERE t.tenant_id = budget.tenant() RETURNING t.revision_next - 1 INTO taken;
    RETURN taken;
END $$;

-- Has nothing been asked or recorded yet that this policy could count? So it is with the limit of a budget just made.
CREATE OR REPLACE FUNCTION budget.policy_counts_nothing(item budget.policy) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN coalesce(item.tier, item.provider, item.model, item.component, item.task_type) IS NULL
       AND NOT EXISTS (SELECT FROM budget.policy_revision r WHERE r.tenant_id = item.tenant_id
            AND r.policy_id = item.policy_id) -- an edited policy may have counted something before
       AND NOT EXISTS (SELECT FROM budget.budget b JOIN budget.shape s ON s.tenant_id = b.tenant_id
            AND s.budget_id = b.budget_id
            WHERE b.tenant_id = item.tenant_id AND b.path @> ARRAY[item.budget_id]);
END $$;

-- A new revision for what item says now, in place of the policy's former one. Counts only if the policy is enabled and
-- its budget active. Returns its number; the caller stores it in the policy.
CREATE OR REPLACE FUNCTION budget.policy_open(item budget.policy) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    owner constant budget.budget := (SELECT b FROM budget.budget b WHERE b.tenant_id = item.tenant_id
        AND b.budget_id = item.budget_id);
    is_live constant boolean := item.enabled AND owner.is_active;
    at constant timestamptz := clock_timestamp();
    made budget.policy_revision;
BEGIN
    UPDATE budget.policy_revision r SET closed_at = at
    WHERE r.tenant_id = item.tenant_id AND r.policy_id = item.policy_id AND r.closed_at IS NULL;
    INSERT INTO budget.policy_revision (tenant_id, revision, policy_id, budget_id, path, period, window_seconds, tier,
        provider, model,
        component, task_type, reach, time_zone, week_start, month_reset_day, opened_at, closed_at)
    VALUES (item.tenant_id, budget.policy_revision_take(budget.policy_counts_nothing(item)), item.policy_id, item.budget_id, owner.path, item.period,
        item.window_seconds,
        item.tier, item.provider, item.model, item.component, item.task_type, owner.reach, owner.time_zone,
            owner.week_start,
        owner.month_reset_day, at, CASE WHEN NOT is_live THEN at END)
    RETURNING * INTO made;
    IF is_live THEN
        PERFORM budget.policy_open_counters(made, item, at), budget.policy_open_holds(made, item);
    END IF;
    RETURN made.revision;
END $$;

-- The same for a policy that stands in the table.
CREATE OR REPLACE FUNCTION budget.policy_revise(wanted uuid) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    item budget.policy := budget.policy_find(wanted);
BEGIN
    item.revision := budget.policy_open(item);
    UPDATE budget.policy p SET revision = item.revision WHERE p.tenant_id = item.tenant_id
        AND p.policy_id = item.policy_id;
    PERFORM budget.policy_alert(item);
END $$;

-- Alerts for what an edit left crossed: a limit lowered below what is spent, a policy made in mid-period. Sessions and
-- tasks alert with their next record.
CREATE OR REPLACE FUNCTION budget.policy_alert(item budget.policy) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF item.enabled AND item.period NOT IN ('per_session', 'per_task') THEN
        PERFORM budget.alert_cross(item.tenant_id, s.revision, s.scope, s.period_start, s.period_end,
            -1, s.spent_cost + s.ceiling_cost, -1, s.spent_tokens)
        FROM budget.policy_standing(ARRAY[item.revision], clock_timestamp()) s;
    END IF;
END $$;

-- Shapes a revision counts.
CREATE OR REPLACE FUNCTION budget.policy_shapes(made budget.policy_revision) RETURNS integer[]
    LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN ARRAY(SELECT s.shape_id FROM budget.shape s
        JOIN budget.budget b ON b.tenant_id = s.tenant_id AND b.budget_id = s.budget_id
        WHERE s.tenant_id = made.tenant_id AND budget.policy_matches(made, s, b.path));
END $$;

-- Counters of the current period (rolling: of the buckets in the window; sessions and lifetimes: of all time) from the
-- records, at their effective cost: as booked plus corrections. Usage may be charged some minutes ahead, so the next
-- period opens too.
CREATE OR REPLACE FUNCTION budget.policy_open_counters(made budget.policy_revision, item budget.policy, at timestamptz) RETURNS void
    LANGUAGE plpgsql AS $$
DECLARE
    shapes constant integer[] := budget.policy_shapes(made);
    bounds record;
    since timestamptz;
BEGIN
    SELECT * INTO bounds FROM budget.period_bounds(made.period, made.time_zone, made.week_start, made.month_reset_day,
        made.window_seconds, at);
    since := CASE made.period WHEN 'rolling' THEN budget.period_window_floor(made.window_seconds, at)
        ELSE bounds.period_start END;
    IF item.slice_hold_id IS NOT NULL THEN -- a slice counts from the moment it was delegated
        since := greatest(since, item.created_at);
    END IF;
    WITH entry AS (
        SELECT u.charged_at, u.context_id, u.task_id, coalesce(u.cost, 0) AS cost,
            coalesce(u.ceiling_cost, 0) AS ceiling, u.total_tokens AS tokens
        FROM budget.usage_record u
        WHERE u.tenant_id = made.tenant_id AND u.charged_at >= since AND u.record_id >= budget.record_floor(since)
            AND u.shape_id = ANY (shapes)
        UNION ALL
        SELECT u.charged_at, u.context_id, u.task_id, c.delta_cost, c.delta_ceiling, 0
        FROM budget.correction c JOIN budget.usage_record u ON u.tenant_id = c.tenant_id AND u.record_id = c.record_id
        WHERE c.tenant_id = made.tenant_id AND c.record_id >= budget.record_floor(since) AND u.charged_at >= since
            AND u.shape_id = ANY (shapes)),
    total AS (
        SELECT budget.scope_of(made.period, e.context_id, e.task_id) AS scope, sum(e.cost) AS cost,
            sum(e.ceiling) AS ceiling, sum(e.tokens)::bigint AS tokens,
            CASE WHEN made.period = 'rolling' THEN budget.period_bucket(made.window_seconds, e.charged_at)
                 WHEN e.charged_at < bounds.period_end THEN bounds.period_start
                     ELSE bounds.period_end END AS period_start
        FROM entry e GROUP BY 1, 5)
    INSERT INTO budget.counter (tenant_id, revision, scope, period_start, spent_cost, spent_tokens, ceiling_cost,
        opening_cost, opening_tokens, opening_ceiling)
    SELECT made.tenant_id, made.revision, t.scope, t.period_start, t.cost, t.tokens, t.ceiling, t.cost, t.tokens,
        t.ceiling
    FROM total t ORDER BY t.scope, t.period_start;
    INSERT INTO budget.policy_state (tenant_id, revision, scope, window_floor, window_cost, window_tokens)
    SELECT made.tenant_id, made.revision, c.scope, CASE WHEN made.period = 'rolling' THEN since END,
        CASE WHEN made.period = 'rolling' THEN sum(c.spent_cost + c.ceiling_cost) ELSE 0 END,
        CASE WHEN made.period = 'rolling' THEN sum(c.spent_tokens) ELSE 0 END
    FROM budget.counter c WHERE c.tenant_id = made.tenant_id AND c.revision = made.revision GROUP BY c.scope
        ORDER BY c.scope;
END $$;

-- Least record id that can be charged at or after an instant: usage is charged at most minutes ahead of its booking.
CREATE OR REPLACE FUNCTION budget.record_floor(since timestamptz) RETURNS uuid LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF since < '1971-01-01' THEN
        RETURN '00000000-0000-0000-0000-000000000000';
    END IF;
    RETURN budget.uuid_v7_floor(since - interval '1 day');
END $$;

-- Live holds that match are held by the new revision too, unless a slice stands for them there; the former one keeps
-- them until they resolve.
CREATE OR REPLACE FUNCTION budget.policy_open_holds(made budget.policy_revision, item budget.policy) RETURNS void
    LANGUAGE plpgsql AS $$
DECLARE
    shapes constant integer[] := budget.policy_shapes(made);
    has_slices constant boolean := EXISTS (SELECT FROM budget.budget b WHERE b.tenant_id = made.tenant_id
        AND b.slice_hold_id IS NOT NULL);
BEGIN
    WITH held AS (
        UPDATE budget.hold h SET revisions = h.revisions || made.revision -- the greatest yet: stays ascending
        WHERE h.tenant_id = made.tenant_id AND h.state = 'live' AND h.shape_id = ANY (shapes)
            AND (h.kind <> 'slice' OR budget.slice_covers(item, h.cost, h.tokens))
            AND NOT (has_slices AND budget.slice_stands_for(h.budget_id, item))
        RETURNING budget.scope_of(made.period, h.context_id, h.task_id) AS scope, h.left_cost, h.left_tokens)
    INSERT INTO budget.policy_state AS s (tenant_id, revision, scope, held_cost, held_tokens)
    SELECT made.tenant_id, made.revision, held.scope, sum(held.left_cost), sum(held.left_tokens) FROM held
        GROUP BY held.scope ORDER BY held.scope
    ON CONFLICT (tenant_id, revision, scope) DO UPDATE SET held_cost = excluded.held_cost,
        held_tokens = excluded.held_tokens;
END $$;
