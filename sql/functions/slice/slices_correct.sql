-- Corrections of records that were taken from a slice move the slice as well: what became dearer is taken from what is
-- left of it, what became cheaper than it had taken is given back. So above the child spent + slice stays what was
-- delegated. Slices that are over stay as they are. The caller (reprice_post) books the rest and moves what the
-- slice's policies hold: revisions, and by how much each holds less.
-- Lock order: holds by id; before policy_state.  Writes: hold, slice_use.
CREATE OR REPLACE FUNCTION budget.slices_correct(p_tenant uuid, items budget.reprice_item[], OUT revisions integer[],
    OUT costs numeric[]) LANGUAGE plpgsql AS $$
DECLARE
    slices budget.hold[];
    slice budget.hold;
    used record;
    taken numeric;
    moved numeric;
BEGIN
    revisions := '{}';
    costs := '{}';
    IF NOT EXISTS (SELECT FROM budget.budget b WHERE b.tenant_id = p_tenant AND b.slice_hold_id IS NOT NULL) THEN
        RETURN;
    END IF;
    slices := ARRAY(SELECT h FROM budget.hold h
        WHERE h.tenant_id = p_tenant AND h.state = 'live' AND h.hold_id IN (SELECT b.slice_hold_id FROM budget.budget b
            JOIN budget.slice_use u ON u.tenant_id = b.tenant_id AND u.hold_id = b.slice_hold_id
            WHERE b.tenant_id = p_tenant AND u.record_id IN (SELECT i.record_id FROM unnest(items) i))
        ORDER BY h.hold_id FOR NO KEY UPDATE);
    FOREACH slice IN ARRAY slices LOOP
        moved := 0;
        FOR used IN
            SELECT u.record_id, u.cost, i.delta_cost + i.delta_ceiling AS delta, c.amount + i.delta_cost + i.delta_ceiling
                AS amount
            FROM unnest(items) i
            JOIN budget.slice_use u ON u.tenant_id = p_tenant AND u.hold_id = slice.hold_id AND u.record_id = i.record_id
            CROSS JOIN LATERAL (SELECT coalesce(r.cost, 0) + coalesce(r.ceiling_cost, 0) + coalesce((
                    SELECT sum(x.delta_cost + x.delta_ceiling) FROM budget.correction x
                    WHERE x.tenant_id = p_tenant AND x.record_id = r.record_id), 0) AS amount
                FROM budget.usage_record r WHERE r.tenant_id = p_tenant AND r.record_id = i.record_id) c
            ORDER BY u.record_id
        LOOP
            taken := CASE WHEN used.delta > 0 THEN least(used.delta, slice.left_cost)
                          ELSE least(used.amount - used.cost, 0) END;
            slice.left_cost := slice.left_cost - taken;
            slice.actual_cost := slice.actual_cost + used.delta;
            slice.overage_cost := slice.overage_cost + used.delta - taken;
            moved := moved + taken;
            UPDATE budget.slice_use u SET cost = u.cost + taken
            WHERE u.tenant_id = p_tenant AND u.hold_id = slice.hold_id AND u.record_id = used.record_id;
        END LOOP;
        UPDATE budget.hold h SET left_cost = slice.left_cost, actual_cost = slice.actual_cost,
            overage_cost = slice.overage_cost WHERE h.tenant_id = p_tenant AND h.hold_id = slice.hold_id;
        IF moved <> 0 THEN
            revisions := revisions || slice.revisions;
            costs := costs || array_fill(moved, ARRAY[cardinality(slice.revisions)]);
        END IF;
    END LOOP;
END $$;
