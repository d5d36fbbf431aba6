-- Slice of the corrections: adds those the run's snapshot saw to the sums of the counters their records were posted
-- to, and looks for ones whose record or run does not exist.
CREATE OR REPLACE FUNCTION budget.verify_corrections(run budget.verify_run, batch integer, OUT rows bigint,
    OUT after text)
LANGUAGE plpgsql AS $$
DECLARE
    low constant uuid[] := coalesce(string_to_array(run.after, ' ')::uuid[],
        ARRAY['00000000-0000-0000-0000-000000000000', '00000000-0000-0000-0000-000000000000']::uuid[]);
    last record;
BEGIN
    SELECT max(s.place) AS place, (array_agg(s.run_id ORDER BY s.place DESC))[1] AS run_id,
        (array_agg(s.record_id ORDER BY s.place DESC))[1] AS record_id INTO last
      FROM (SELECT c.run_id, c.record_id, row_number() OVER (ORDER BY c.run_id, c.record_id) AS place
          FROM budget.correction c
             WHERE c.tenant_id = run.tenant_id AND (c.run_id, c.record_id) > (low[1], low[2])
             ORDER BY c.run_id, c.record_id LIMIT batch) s;
    rows := coalesce(last.place, 0);
    IF rows > 0 THEN
        PERFORM budget.verify_corrections_sum(run, low, ARRAY[last.run_id, last.record_id]);
    END IF;
    after := CASE WHEN rows = batch THEN concat_ws(' ', last.run_id, last.record_id) END;
END $$;

CREATE OR REPLACE FUNCTION budget.verify_corrections_sum(run budget.verify_run, low uuid[], high uuid[]) RETURNS void
    LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO budget.verify_sum AS s (tenant_id, run_id, revision, scope, period_start, cost, ceiling)
    SELECT run.tenant_id, run.run_id, r.revision, budget.scope_of(r.period, u.context_id, u.task_id), b.period_start,
        sum(c.delta_cost), sum(c.delta_ceiling)
      FROM budget.correction c
      JOIN budget.usage_record u ON u.tenant_id = run.tenant_id AND u.record_id = c.record_id
     CROSS JOIN LATERAL unnest(u.revisions) AS p (revision)
      JOIN budget.policy_revision r ON r.tenant_id = run.tenant_id AND r.revision = p.revision
     CROSS JOIN LATERAL budget.period_bounds(r.period, r.time_zone, r.week_start, r.month_reset_day, r.window_seconds,
         u.charged_at) b
     WHERE c.tenant_id = run.tenant_id AND (c.run_id, c.record_id) > (low[1], low[2])
         AND (c.run_id, c.record_id) <= (high[1], high[2])
       AND budget.verify_saw(run.snapshot, c.xid)
     GROUP BY 3, 4, 5
        ON CONFLICT (tenant_id, run_id, revision, scope, period_start) DO UPDATE
       SET cost = s.cost + excluded.cost, ceiling = s.ceiling + excluded.ceiling;

    PERFORM budget.verify_note(run, 'correction', w.field, w.entity,
        format('it names %s, which does not exist', w.missing)) FROM (
        SELECT c.run_id || ' ' || c.record_id AS entity, 'record_id' AS field, 'record ' || c.record_id AS missing
            FROM budget.correction c
         WHERE c.tenant_id = run.tenant_id AND (c.run_id, c.record_id) > (low[1], low[2])
             AND (c.run_id, c.record_id) <= (high[1], high[2])
           AND NOT EXISTS (SELECT FROM budget.usage_record u
               WHERE u.tenant_id = run.tenant_id AND u.record_id = c.record_id)
        UNION ALL
        SELECT DISTINCT c.run_id::text, 'run_id', 'run ' || c.run_id FROM budget.correction c
         WHERE c.tenant_id = run.tenant_id AND (c.run_id, c.record_id) > (low[1], low[2])
             AND (c.run_id, c.record_id) <= (high[1], high[2])
           AND NOT EXISTS (SELECT FROM budget.price_run o WHERE o.tenant_id = run.tenant_id AND o.run_id = c.run_id)) w;
END $$;
