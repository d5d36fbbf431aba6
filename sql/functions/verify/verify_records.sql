-- Slice of the records: adds what the run's snapshot saw of them to the sums per counter and per hold, and looks for
-- what no foreign key guards: shapes, policies, holds and prices that do not exist, amounts that do not add up.
CREATE OR REPLACE FUNCTION budget.verify_records(run budget.verify_run, batch integer, OUT rows bigint, OUT after text)
LANGUAGE plpgsql AS $$
DECLARE
    low constant uuid := coalesce(run.after::uuid, '00000000-0000-0000-0000-000000000000');
    ids constant uuid[] := ARRAY(SELECT u.record_id FROM budget.usage_record u
        WHERE u.tenant_id = run.tenant_id AND u.record_id > low
        ORDER BY u.record_id LIMIT batch);
    high constant uuid := ids[cardinality(ids)];
BEGIN
    rows := 0;
    IF high IS NOT NULL THEN
        rows := budget.verify_records_sum(run, low, high);
        PERFORM budget.verify_records_holds(run, low, high), budget.verify_records_inside(run, low, high),
            budget.verify_records_named(run, low, high);
    END IF;
    after := CASE WHEN cardinality(ids) = batch THEN high::text END;
END $$;

-- Sums by (revision, scope, period): the period is a function of the revision and the instant charged at. Period
-- bounds are worked out once per minute (no zone's lie inside one).
CREATE OR REPLACE FUNCTION budget.verify_records_sum(run budget.verify_run, low uuid, high uuid) RETURNS bigint
    LANGUAGE plpgsql AS $$
DECLARE
    seen bigint;
BEGIN
    WITH entry AS MATERIALIZED (
        SELECT u.revisions, date_trunc('minute', u.charged_at) AS minute, u.context_id, u.task_id, u.cost,
            u.ceiling_cost, u.total_tokens
          FROM budget.usage_record u
         WHERE u.tenant_id = run.tenant_id AND u.record_id > low AND u.record_id <= high
             AND budget.verify_saw(run.snapshot, u.xid)),
    posted AS MATERIALIZED (
        SELECT p.revision, e.minute, e.context_id, e.task_id, e.cost, e.ceiling_cost, e.total_tokens
          FROM entry e CROSS JOIN LATERAL unnest(e.revisions) AS p (revision)),
    place AS MATERIALIZED (
        SELECT d.revision, d.minute, r.period, b.period_start
          FROM (SELECT DISTINCT p.revision, p.minute FROM posted p) d
          JOIN budget.policy_revision r ON r.tenant_id = run.tenant_id AND r.revision = d.revision
         CROSS JOIN LATERAL budget.period_bounds(r.period, r.time_zone, r.week_start, r.month_reset_day,
             r.window_seconds, d.minute) b),
    total AS (
        SELECT p.revision, budget.scope_of(w.period, p.context_id, p.task_id) AS scope, w.period_start,
            coalesce(sum(p.cost), 0) AS cost,
            sum(p.total_tokens) AS tokens, coalesce(sum(p.ceiling_cost), 0) AS ceiling, count(*) AS records
          FROM posted p JOIN place w ON w.revision = p.revision AND w.minute = p.minute GROUP BY 1, 2, 3),
    added AS (
        INSERT INTO budget.verify_sum AS s (tenant_id, run_id, revision, scope, period_start, cost, tokens, ceiling,
            records)
        SELECT run.tenant_id, run.run_id, t.revision, t.scope, t.period_start, t.cost, t.tokens, t.ceiling, t.records
            FROM total t
            ON CONFLICT (tenant_id, run_id, revision, scope, period_start) DO UPDATE
           SET cost = s.cost + excluded.cost, tokens = s.tokens + excluded.tokens,
               ceiling = s.ceiling + excluded.ceiling,
               records = s.records + excluded.records)
    SELECT count(*) INTO seen FROM entry;
    RETURN seen;
END $$;

CREATE OR REPLACE FUNCTION budget.verify_records_holds(run budget.verify_run, low uuid, high uuid) RETURNS void
    LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO budget.verify_hold AS s (tenant_id, run_id, hold_id, tokens, output_tokens, cost, consumed_tokens,
        consumed_cost)
    SELECT run.tenant_id, run.run_id, u.hold_id, sum(u.total_tokens),
        sum(u.output_tokens + u.reasoning_tokens + u.output_audio_tokens + u.output_image_tokens),
            sum(coalesce(u.cost, u.ceiling_cost, 0)),
        sum(u.consumed_tokens), sum(u.consumed_cost)
      FROM budget.usage_record u
     WHERE u.tenant_id = run.tenant_id AND u.record_id > low AND u.record_id <= high AND u.cause IN ('held', 'overage')
       AND budget.verify_saw(run.snapshot, u.xid)
     GROUP BY u.hold_id
        ON CONFLICT (tenant_id, run_id, hold_id) DO UPDATE
       SET tokens = s.tokens + excluded.tokens, output_tokens = s.output_tokens + excluded.output_tokens,
           cost = s.cost + excluded.cost,
           consumed_tokens = s.consumed_tokens + excluded.consumed_tokens,
               consumed_cost = s.consumed_cost + excluded.consumed_cost;
END $$;

-- Records whose own amounts contradict each other.
CREATE OR REPLACE FUNCTION budget.verify_records_inside(run budget.verify_run, low uuid, high uuid) RETURNS void
    LANGUAGE plpgsql AS $$
BEGIN
    PERFORM budget.verify_note(run, 'record', w.field, u.record_id::text, w.detail, w.stored, w.proven)
       FROM budget.usage_record u
      CROSS JOIN LATERAL (VALUES
            ('total_tokens', u.total_tokens::numeric,
                u.input_tokens::numeric + u.cache_read_tokens + u.cache_write_5m_tokens + u.cache_write_1h_tokens
                + u.output_tokens + u.reasoning_tokens + u.input_audio_tokens + u.output_audio_tokens
                    + u.input_image_tokens + u.output_image_tokens,
                'the total is not the sum of the classes'),
            ('cost', CASE WHEN (u.cost IS NULL) = (u.ceiling_cost IS NULL) THEN 1 ELSE 0 END, 0,
                'a record has either a cost or a ceiling'),
            ('consumed_cost', u.consumed_cost, least(u.consumed_cost, coalesce(u.cost, u.ceiling_cost, 0)),
                'more was taken from the hold than was spent'),
            ('consumed_tokens', u.consumed_tokens, least(u.consumed_tokens, u.total_tokens),
                'more was taken from the hold than was used'))
            AS w (field, stored, proven, detail)
      WHERE u.tenant_id = run.tenant_id AND u.record_id > low AND u.record_id <= high AND w.stored <> w.proven;
END $$;

-- Records that name what is not there.
CREATE OR REPLACE FUNCTION budget.verify_records_named(run budget.verify_run, low uuid, high uuid) RETURNS void
    LANGUAGE plpgsql AS $$
BEGIN
    PERFORM budget.verify_note(run, 'record', w.field, w.record_id::text,
        format('it names %s, which does not exist', w.missing)) FROM (
        SELECT u.record_id, 'shape_id' AS field, 'shape ' || u.shape_id AS missing FROM budget.usage_record u
         WHERE u.tenant_id = run.tenant_id AND u.record_id > low AND u.record_id <= high
           AND NOT EXISTS (SELECT FROM budget.shape s WHERE s.tenant_id = run.tenant_id AND s.shape_id = u.shape_id)
        UNION ALL
        SELECT u.record_id, 'revisions', 'policy revision ' || p.revision FROM budget.usage_record u
            CROSS JOIN LATERAL unnest(u.revisions) AS p (revision)
         WHERE u.tenant_id = run.tenant_id AND u.record_id > low AND u.record_id <= high
           AND NOT EXISTS (SELECT FROM budget.policy_revision r
               WHERE r.tenant_id = run.tenant_id AND r.revision = p.revision)
        UNION ALL
        SELECT u.record_id, 'hold_id', 'allocation ' || coalesce(u.hold_id::text, '(none)') FROM budget.usage_record u
         WHERE u.tenant_id = run.tenant_id AND u.record_id > low AND u.record_id <= high
             AND u.cause IN ('held', 'overage', 'late')
           AND NOT EXISTS (SELECT FROM budget.hold h WHERE h.tenant_id = run.tenant_id AND h.hold_id = u.hold_id)
        UNION ALL
        SELECT u.record_id, 'pricing_id', 'price ' || coalesce(u.pricing_id::text, '(none)') FROM budget.usage_record u
         WHERE u.tenant_id = run.tenant_id AND u.record_id > low AND u.record_id <= high AND u.cost IS NOT NULL
             AND u.cause <> 'import'
           AND NOT EXISTS (SELECT FROM budget.price p WHERE p.pricing_id = u.pricing_id)) w;
END $$;
