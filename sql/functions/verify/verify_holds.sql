-- Slice of the holds: used, overage and left against the records that took from them, and what no foreign key
-- guards. A hold moves while the run goes on. So a mismatch with the sums of the run's snapshot is a suspicion only;
-- suspects are proven again in one statement that adds the records the snapshot had not seen.
CREATE OR REPLACE FUNCTION budget.verify_holds(run budget.verify_run, batch integer, OUT rows bigint, OUT after text)
LANGUAGE plpgsql AS $$
DECLARE
    low constant uuid := coalesce(run.after::uuid, '00000000-0000-0000-0000-000000000000');
    ids constant uuid[] := ARRAY(SELECT h.hold_id FROM budget.hold h
        WHERE h.tenant_id = run.tenant_id AND h.hold_id > low
        ORDER BY h.hold_id LIMIT batch);
    suspects uuid[];
BEGIN
    rows := cardinality(ids);
    IF rows > 0 THEN
        suspects := ARRAY(
            SELECT h.hold_id FROM budget.hold h
              LEFT JOIN budget.verify_hold s ON s.tenant_id = run.tenant_id AND s.run_id = run.run_id
                  AND s.hold_id = h.hold_id
             WHERE h.tenant_id = run.tenant_id AND h.hold_id > low AND h.hold_id <= ids[rows]
                 AND h.created_at <= run.started_at
               AND EXISTS (SELECT FROM budget.verify_hold_fields(h, coalesce(s.tokens, 0),
                   coalesce(s.output_tokens, 0), coalesce(s.cost, 0),
                           coalesce(s.consumed_tokens, 0), coalesce(s.consumed_cost, 0)) f WHERE f.stored <> f.proven));
        IF cardinality(suspects) > 0 THEN
            PERFORM budget.verify_holds_again(run, suspects);
        END IF;
        PERFORM budget.verify_holds_named(run, low, ids[rows]), budget.verify_slices(run, low, ids[rows]);
    END IF;
    after := CASE WHEN rows = batch THEN ids[rows]::text END;
END $$;

-- What a hold says beside what its records say. A slice is used by the child's own records, which do not name it.
CREATE OR REPLACE FUNCTION budget.verify_hold_fields(h budget.hold, tokens numeric, output_tokens numeric, cost numeric,
    consumed_tokens numeric, consumed_cost numeric) RETURNS TABLE (field text, stored numeric, proven numeric)
        LANGUAGE sql STABLE AS $$
    SELECT f.* FROM (VALUES
        ('used_tokens', h.used_tokens::numeric, tokens),
        ('used_output_tokens', h.used_output_tokens::numeric, output_tokens),
        ('used_input_tokens', h.used_input_tokens::numeric, tokens - output_tokens),
        ('actual_cost', h.actual_cost, cost),
        ('overage_tokens', h.overage_tokens::numeric, tokens - consumed_tokens),
        ('overage_cost', h.overage_cost, cost - consumed_cost),
        ('left_tokens', h.left_tokens::numeric, CASE h.state WHEN 'live' THEN h.tokens - consumed_tokens ELSE 0 END),
        ('left_cost', h.left_cost, CASE h.state WHEN 'live' THEN h.cost - consumed_cost ELSE 0 END),
        ('resolved_at', (h.resolved_at IS NOT NULL)::integer::numeric,
            (h.state <> 'live')::integer::numeric)) AS f (field, stored, proven)
     WHERE h.kind <> 'slice' OR f.field = 'resolved_at'
$$;

CREATE OR REPLACE FUNCTION budget.verify_holds_again(run budget.verify_run, suspects uuid[]) RETURNS void
    LANGUAGE plpgsql AS $$
BEGIN
    PERFORM budget.verify_note(run, 'hold', w.field, w.hold_id::text,
        'the allocation and the records that used it say different things', w.stored, w.proven)
       FROM (
        WITH since AS MATERIALIZED (
            SELECT u.hold_id, sum(u.total_tokens) AS tokens,
                sum(u.output_tokens + u.reasoning_tokens + u.output_audio_tokens
                    + u.output_image_tokens) AS output_tokens,
                sum(coalesce(u.cost, u.ceiling_cost, 0)) AS cost, sum(u.consumed_tokens) AS consumed_tokens,
                    sum(u.consumed_cost) AS consumed_cost
              FROM budget.usage_record u
             WHERE u.tenant_id = run.tenant_id AND u.xid::text::bigint >= pg_snapshot_xmin(run.snapshot)::text::bigint
               AND u.hold_id = ANY (suspects) AND u.cause IN ('held', 'overage')
                   AND NOT budget.verify_saw(run.snapshot, u.xid)
             GROUP BY u.hold_id)
        SELECT h.hold_id, f.* FROM budget.hold h
          LEFT JOIN budget.verify_hold s ON s.tenant_id = run.tenant_id AND s.run_id = run.run_id
              AND s.hold_id = h.hold_id
          LEFT JOIN since n ON n.hold_id = h.hold_id
         CROSS JOIN LATERAL budget.verify_hold_fields(h, coalesce(s.tokens, 0) + coalesce(n.tokens, 0),
            coalesce(s.output_tokens, 0) + coalesce(n.output_tokens, 0), coalesce(s.cost, 0) + coalesce(n.cost, 0),
            coalesce(s.consumed_tokens, 0) + coalesce(n.consumed_tokens, 0),
                coalesce(s.consumed_cost, 0) + coalesce(n.consumed_cost, 0)) f
         WHERE h.tenant_id = run.tenant_id AND h.hold_id = ANY (suspects) AND f.stored <> f.proven) w;
END $$;

CREATE OR REPLACE FUNCTION budget.verify_holds_named(run budget.verify_run, low uuid, high uuid) RETURNS void
    LANGUAGE plpgsql AS $$
BEGIN
    PERFORM budget.verify_note(run, 'hold', w.field, w.hold_id::text,
        format('it names %s, which does not exist', w.missing)) FROM (
        SELECT h.hold_id, 'shape_id' AS field, 'shape ' || h.shape_id AS missing FROM budget.hold h
         WHERE h.tenant_id = run.tenant_id AND h.hold_id > low AND h.hold_id <= high AND h.kind <> 'slice'
           AND NOT EXISTS (SELECT FROM budget.shape s WHERE s.tenant_id = run.tenant_id AND s.shape_id = h.shape_id)
        UNION ALL
        SELECT h.hold_id, 'budget_id', 'budget ' || h.budget_id FROM budget.hold h
         WHERE h.tenant_id = run.tenant_id AND h.hold_id > low AND h.hold_id <= high
           AND NOT EXISTS (SELECT FROM budget.budget b WHERE b.tenant_id = run.tenant_id AND b.budget_id = h.budget_id)
        UNION ALL
        SELECT h.hold_id, 'revisions', 'policy revision ' || p.revision FROM budget.hold h
            CROSS JOIN LATERAL unnest(h.revisions) AS p (revision)
         WHERE h.tenant_id = run.tenant_id AND h.hold_id > low AND h.hold_id <= high
           AND NOT EXISTS (SELECT FROM budget.policy_revision r
               WHERE r.tenant_id = run.tenant_id AND r.revision = p.revision)) w;
END $$;

-- A live slice has left what it was less what each record took from it; one statement sees both.
CREATE OR REPLACE FUNCTION budget.verify_slices(run budget.verify_run, low uuid, high uuid) RETURNS void
    LANGUAGE plpgsql AS $$
BEGIN
    PERFORM budget.verify_note(run, 'hold', w.field, w.hold_id::text,
        'what is left of the slice is not what its records left of it', w.stored, w.proven) FROM (
        SELECT h.hold_id, f.field, f.stored, f.proven FROM budget.hold h
         CROSS JOIN LATERAL (SELECT coalesce(sum(u.cost), 0) AS cost, coalesce(sum(u.tokens), 0) AS tokens
            FROM budget.slice_use u WHERE u.tenant_id = run.tenant_id AND u.hold_id = h.hold_id) u
         CROSS JOIN LATERAL (VALUES ('left_cost', h.left_cost, h.cost - u.cost),
            ('left_tokens', h.left_tokens::numeric, h.tokens - u.tokens)) AS f (field, stored, proven)
         WHERE h.tenant_id = run.tenant_id AND h.hold_id > low AND h.hold_id <= high AND h.kind = 'slice'
           AND h.state = 'live' AND f.stored <> f.proven) w;
END $$;
