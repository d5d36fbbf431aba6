-- One slice of a proof: at most `batch` rows of the part the run stands in, then the next part. Each statement below
-- holds a snapshot for its own length only, whatever the size of the log. done = true: nothing is left.
-- Writes: verify_*.  Locks nothing else.
CREATE OR REPLACE FUNCTION budget.verify_step(p_tenant uuid, p_run uuid, batch integer, OUT rows bigint,
    OUT done boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, budget, pg_temp AS $$
DECLARE
    run budget.verify_run;
    step record;
BEGIN
    PERFORM budget.enter(p_tenant, '{"actor": "verify", "role": "system"}');
    SELECT * INTO run FROM budget.verify_run v WHERE v.tenant_id = p_tenant AND v.run_id = p_run FOR UPDATE;
    IF run.run_id IS NULL THEN
        PERFORM budget.fail(404, 'verify_run_not_found', '/run_id',
            'There is no such run (a crash, or an hour without a step, ends one): begin again without run_id.');
    END IF;
    CASE run.part
        WHEN 'records' THEN SELECT s.* INTO step FROM budget.verify_records(run, batch) s;
        WHEN 'corrections' THEN SELECT s.* INTO step FROM budget.verify_corrections(run, batch) s;
        WHEN 'holds' THEN SELECT s.* INTO step FROM budget.verify_holds(run, batch) s;
        WHEN 'keys' THEN SELECT s.* INTO step FROM budget.verify_keys(run, batch) s;
        WHEN 'counters' THEN SELECT s.* INTO step FROM budget.verify_counters(run) s;
        ELSE SELECT 0::bigint AS rows, NULL::text AS after INTO step;
    END CASE;
    rows := step.rows;
    UPDATE budget.verify_run v
       SET after = step.after, touched_at = clock_timestamp(),
           records = v.records + CASE run.part WHEN 'records' THEN step.rows ELSE 0 END,
           corrections = v.corrections + CASE run.part WHEN 'corrections' THEN step.rows ELSE 0 END,
           holds = v.holds + CASE run.part WHEN 'holds' THEN step.rows ELSE 0 END,
           request_keys = v.request_keys + CASE run.part WHEN 'keys' THEN step.rows ELSE 0 END,
           counters = v.counters + CASE run.part WHEN 'counters' THEN step.rows ELSE 0 END,
           part = CASE WHEN step.after IS NOT NULL THEN run.part ELSE budget.verify_part_after(run.part) END,
           ended_at = CASE WHEN v.ended_at IS NULL AND run.part = 'counters' THEN clock_timestamp() ELSE v.ended_at END
     WHERE v.tenant_id = p_tenant AND v.run_id = p_run RETURNING v.part = 'done' INTO done;
END $$;

CREATE OR REPLACE FUNCTION budget.verify_part_after(part text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE part WHEN 'records' THEN 'corrections' WHEN 'corrections' THEN 'holds' WHEN 'holds' THEN 'keys'
        WHEN 'keys' THEN 'counters'
                     ELSE 'done' END
$$;

-- Notes one difference. The first 10,000 of a run are kept, all are counted.
CREATE OR REPLACE FUNCTION budget.verify_note(run budget.verify_run, kind text, field text, entity_id text, detail text,
    stored numeric DEFAULT NULL, proven numeric DEFAULT NULL, revision integer DEFAULT NULL, scope text DEFAULT NULL,
    period_start timestamptz DEFAULT NULL) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    place bigint;
BEGIN
    UPDATE budget.verify_run v SET differences = v.differences + 1
        WHERE v.tenant_id = run.tenant_id AND v.run_id = run.run_id
    RETURNING v.differences INTO place;
    IF place <= 10000 THEN
        INSERT INTO budget.verify_difference (tenant_id, run_id, n, kind, field, revision, scope, period_start,
            entity_id, stored, proven, detail)
        VALUES (run.tenant_id, run.run_id, place, kind, field, revision, scope, period_start, entity_id, stored,
            proven, detail);
    END IF;
END $$;
