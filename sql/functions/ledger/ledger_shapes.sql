-- One reading of the group's shapes: budget, matching policies, price of now. Members as C sends them;
-- hold_*: what a record's hold says where the record itself does not (ledger_refs.sql).
CREATE OR REPLACE FUNCTION budget.ledger_shapes_read(p_tenant uuid, p_shapes json) RETURNS budget.ledger_shape[]
    LANGUAGE plpgsql AS $$
DECLARE
    result budget.ledger_shape[];
    v_now timestamptz := clock_timestamp();
BEGIN
    SELECT array_agg(ROW(i.s, e.code, coalesce(p.policy_epoch = t.policy_epoch
        AND p.price_epoch = t.price_epoch + cat.price_epoch, b.budget_id IS NULL),
               i.key_budget_id, b.budget_id, b.time_zone, b.allow_free_models, b.hold_basis, lower(i.provider),
                   i.model, i.tier, d.component, d.task_type,
               i.service_tier, NULL, p.shape_id, CASE WHEN i.is_record THEN p.revisions
                   ELSE coalesce(p.held, p.revisions) END, p.is_scoped, p.price_provider, p.price_model,
                   pr.price,
               CASE WHEN pr.price IS NULL THEN budget.unpriced_ceiling(i.provider) END,
               CASE WHEN i.is_record THEN concat('"budget_id":"', b.budget_id, '","component":', to_json(d.component),
                   ',"provider":', to_json(lower(i.provider)),
                   ',"model":', to_json(i.model), ',"tier":"', p.tier, '","task_type":', to_json(d.task_type),
                       ',"currency":"', t.currency, '"')
                   ELSE budget.hold_fragment(d.component, coalesce(i.tier, p.tier), lower(i.provider), i.model,
                       d.task_type, t.currency) END,
               CASE WHEN i.is_record THEN p.slices END, CASE WHEN p.slices IS NOT NULL
                   THEN budget.slices_end(p_tenant, p.slices) END)::budget.ledger_shape ORDER BY i.s) INTO result
      FROM ROWS FROM (json_to_recordset(p_shapes) AS (is_record boolean, key_budget_id uuid, budget_id uuid,
          provider text, model text, tier text,
               component text, task_type text, service_tier text, hold_budget_id uuid, hold_component text,
               hold_task_type text)) WITH ORDINALITY
           AS i (is_record, key_budget_id, budget_id, provider, model, tier, component, task_type, service_tier,
               hold_budget_id, hold_component, hold_task_type, s)
      JOIN budget.tenant t ON t.tenant_id = p_tenant
      JOIN budget.tenant cat ON cat.tenant_id = budget.catalogue_tenant()
     -- Row-level security lets only plain columns into an index condition: what is looked up is worked out before (OFFSET 0).
     CROSS JOIN LATERAL (SELECT coalesce(i.budget_id, i.hold_budget_id, i.key_budget_id, t.default_budget_id)
           AS budget_id OFFSET 0) charged
      LEFT JOIN LATERAL (SELECT x.* FROM budget.budget x WHERE x.tenant_id = p_tenant
            AND x.budget_id = charged.budget_id LIMIT 1) b ON true
     CROSS JOIN LATERAL (SELECT CASE WHEN i.is_record THEN coalesce(i.component, i.hold_component, 'unknown')
         ELSE i.component END AS component,
               CASE WHEN i.is_record THEN coalesce(i.task_type, i.hold_task_type, 'default')
                   ELSE i.task_type END AS task_type) d
     CROSS JOIN LATERAL (SELECT CASE WHEN b.budget_id IS NULL THEN 'budget_not_found'
               WHEN NOT i.key_budget_id = ANY (b.path) THEN 'budget_out_of_reach'
               WHEN NOT i.is_record AND NOT b.is_active THEN 'budget_inactive' END AS code) e
     CROSS JOIN LATERAL (SELECT budget.attrs_hash(b.budget_id, lower(i.provider), i.model, i.tier, d.component,
           d.task_type) AS hash OFFSET 0) attrs
      LEFT JOIN LATERAL (SELECT x.* FROM budget.shape_plan x WHERE x.tenant_id = p_tenant
            AND x.attrs_hash = attrs.hash LIMIT 1) p ON true
      LEFT JOIN LATERAL (SELECT pa AS price FROM budget.price_at(p_tenant, p.price_provider, p.price_model,
          i.service_tier, v_now) pa) pr ON true;
    RETURN coalesce(result, '{}');
END $$;

-- The group's shapes, every one planned under the policies and prices of now. Plans are made by one group of the tenant at
-- a time, behind the lock that also numbers shapes: two groups that made the same plans crosswise, each in the order of its
-- requests, would deadlock. Who waited for it finds the plans made.
CREATE OR REPLACE FUNCTION budget.ledger_shapes(p_tenant uuid, p_shapes json) RETURNS budget.ledger_shape[]
    LANGUAGE plpgsql AS $$
DECLARE
    shapes budget.ledger_shape[] := budget.ledger_shapes_read(p_tenant, p_shapes);
    shape budget.ledger_shape;
    is_complete boolean;
BEGIN
    FOR attempt IN 1..3 LOOP
        is_complete := true;
        FOREACH shape IN ARRAY shapes LOOP
            is_complete := is_complete AND shape.is_planned;
        END LOOP;
        EXIT WHEN is_complete;
        IF attempt = 1 THEN
            PERFORM pg_advisory_xact_lock(hashtextextended('budget.shape ' || p_tenant, 0));
            shapes := budget.ledger_shapes_read(p_tenant, p_shapes);
        END IF;
        FOREACH shape IN ARRAY shapes LOOP
            CONTINUE WHEN shape.is_planned;
            PERFORM budget.shape_plan_make(p_tenant, shape.budget_id, shape.provider, shape.model, shape.tier_sent,
                shape.component, shape.task_type);
        END LOOP;
        shapes := budget.ledger_shapes_read(p_tenant, p_shapes);
    END LOOP;
    RETURN shapes;
END $$;
