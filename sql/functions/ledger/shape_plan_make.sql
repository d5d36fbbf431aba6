-- Hash of the attributes a client sent: the key of shape_plan. Inlines.
-- chr(31) stands before a value, chr(30) for a missing one; the door lets no control character into these fields.
CREATE OR REPLACE FUNCTION budget.attrs_hash(budget_id uuid, provider text, model text, tier text, component text,
    task_type text)
RETURNS uuid LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT md5(budget_id::text || coalesce(chr(31) || provider, chr(30)) || coalesce(chr(31) || model,
        chr(30)) || coalesce(chr(31) || tier, chr(30))
               || coalesce(chr(31) || component, chr(30)) || coalesce(chr(31) || task_type, chr(30)))::uuid
$$;

-- Number of the shape with exactly these attributes; made when new, under a lock of its own so that numbers stay dense.
CREATE OR REPLACE FUNCTION budget.shape_intern(p_tenant uuid, p_budget uuid, p_provider text, p_model text, p_tier text,
    p_component text, p_task_type text) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    found_id integer;
BEGIN
    FOR attempt IN 1..2 LOOP
        SELECT s.shape_id INTO found_id FROM budget.shape s
         WHERE s.tenant_id = p_tenant AND s.budget_id = p_budget AND s.model IS NOT DISTINCT FROM p_model
           AND s.provider IS NOT DISTINCT FROM p_provider AND s.component IS NOT DISTINCT FROM p_component
           AND s.task_type IS NOT DISTINCT FROM p_task_type AND s.tier IS NOT DISTINCT FROM p_tier;
        IF found_id IS NOT NULL THEN
            RETURN found_id;
        END IF;
        IF attempt = 1 THEN -- look again behind the lock: a twin may have made it meanwhile
            PERFORM pg_advisory_xact_lock(hashtextextended('budget.shape ' || p_tenant, 0));
        END IF;
    END LOOP;
    INSERT INTO budget.shape (tenant_id, shape_id, budget_id, provider, model, tier, component, task_type)
    VALUES (p_tenant, (SELECT coalesce(max(shape_id), 0) + 1 FROM budget.shape WHERE tenant_id = p_tenant),
            p_budget, p_provider, p_model, p_tier, p_component, p_task_type)
    RETURNING shape_id INTO found_id;
    RETURN found_id;
END $$;

-- Works out what a combination of attributes means now: shape, policies, pricing model; writes its shape_plan row.
-- A request that names no model is priced by the dearest candidate, so that leaving the name out is no escape.
-- Caller holds the tenant's epoch lock (shared), so the policies cannot move between here and the commit.
CREATE OR REPLACE FUNCTION budget.shape_plan_make(p_tenant uuid, p_budget uuid, p_provider text, p_model text,
    p_tier text,
    p_component text, p_task_type text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    priced record;
    shape budget.shape;
    plan_tier text := p_tier;
    match record;
BEGIN
    IF p_model IS NULL THEN
        SELECT * INTO priced FROM budget.model_dearest(p_tenant, p_provider, p_tier);
    ELSE
        SELECT * INTO priced FROM budget.model_resolve(p_tenant, p_provider, p_model);
        plan_tier := coalesce(p_tier, budget.tier_of(p_provider, p_model, priced.price_model));
    END IF;
    shape := ROW(p_tenant, budget.shape_intern(p_tenant, p_budget, p_provider, p_model, plan_tier, p_component,
        p_task_type),
                 p_budget, p_provider, p_model, plan_tier, p_component, p_task_type)::budget.shape;
    SELECT * INTO match FROM budget.shape_match(shape);
    INSERT INTO budget.shape_plan (tenant_id, attrs_hash, policy_epoch, price_epoch, shape_id, tier, revisions,
        is_scoped, held, slices, price_provider, price_model)
    SELECT p_tenant, budget.attrs_hash(p_budget, p_provider, p_model, p_tier, p_component, p_task_type),
           t.policy_epoch, t.price_epoch + c.price_epoch, shape.shape_id, coalesce(plan_tier, 'remote_heavyweight'),
           match.revisions, match.is_scoped, match.held, match.slices, priced.price_provider, priced.price_model
      FROM budget.tenant t, budget.tenant c
     WHERE t.tenant_id = p_tenant AND c.tenant_id = budget.catalogue_tenant()
        ON CONFLICT (tenant_id, attrs_hash) DO UPDATE
       SET policy_epoch = excluded.policy_epoch, price_epoch = excluded.price_epoch, shape_id = excluded.shape_id,
           tier = excluded.tier, revisions = excluded.revisions, is_scoped = excluded.is_scoped, held = excluded.held,
           slices = excluded.slices, price_provider = excluded.price_provider, price_model = excluded.price_model;
END $$;

-- The policies that count a shape, ascending. held: those that its holds are held on, where a slice covers the others
-- (NULL = all of them); slices: what its records are taken from.
CREATE OR REPLACE FUNCTION budget.shape_match(shape budget.shape, OUT revisions integer[], OUT is_scoped boolean,
    OUT held integer[], OUT slices uuid[]) LANGUAGE plpgsql STABLE AS $$
DECLARE
    lineage constant uuid[] := (SELECT b.path FROM budget.budget b WHERE b.tenant_id = shape.tenant_id
        AND b.budget_id = shape.budget_id);
    covered integer[];
BEGIN
    SELECT coalesce(array_agg(r.revision ORDER BY r.revision), '{}'),
        coalesce(bool_or(r.period IN ('per_session', 'per_task')), false) INTO revisions, is_scoped
      FROM budget.policy p
      JOIN budget.policy_revision r ON r.tenant_id = p.tenant_id AND r.revision = p.revision
      JOIN budget.budget owner ON owner.tenant_id = p.tenant_id AND owner.budget_id = p.budget_id AND owner.is_active
     WHERE p.tenant_id = shape.tenant_id AND p.enabled AND budget.policy_matches(r, shape, lineage);
    SELECT s.ids, s.revisions INTO slices, covered FROM budget.slices_above(shape.tenant_id, lineage) s;
    IF slices IS NOT NULL THEN
        held := ARRAY(SELECT m FROM unnest(revisions) m WHERE m <> ALL (covered) ORDER BY m);
    END IF;
END $$;
