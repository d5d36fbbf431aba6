-- grants.sql: privileges and row-level security, worked out from the catalogue. Last step of every deploy, in the
-- transaction that replaces the functions; repeatable. Whoever adds a table or a function need not come here.
--   every table with tenant_id   FORCE ROW LEVEL SECURITY, tenant_id = budget.tenant()
--   price, price_offer, model, model_alias, provider_name   read also the shared catalogue
--   tenant                       also the catalogue's row (its price_epoch); all rows when budget.tenant = '*' (the
-- sweeper's list)
--   api_key                      also when budget.tenant = '*' (key look-up)
--   functions                    owned by budget_engine; SECURITY DEFINER ones are what budget_app may call
--   budget.partitions_*          owned by budget_owner: only the owner of a table may give it partitions
-- Locks: ACCESS EXCLUSIVE, and only on tables whose policy or flag has to change (none on a repeated deploy).

-- Functions of former releases: whatever this transaction did not replace is gone from the tree.
DO $$
DECLARE
    stale regprocedure;
BEGIN
    FOR stale IN SELECT p.oid FROM pg_proc p WHERE p.pronamespace = 'budget'::regnamespace
        AND p.xmin::text::bigint <> pg_current_xact_id()::text::bigint & 4294967295
        AND current_setting('budget.replacing', true) = 'on' LOOP
        EXECUTE format('DROP ROUTINE %s', stale);
    END LOOP;
END $$;

-- Row-level security.
DO $$
DECLARE
    item record;
    rule text;
    present text;
BEGIN
    FOR item IN
        SELECT c.oid, c.relname, c.oid::regclass AS name, c.relrowsecurity AND c.relforcerowsecurity AS is_forced
        FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped
        WHERE c.relnamespace = 'budget'::regnamespace AND c.relkind IN ('r', 'p') ORDER BY c.relname
    LOOP
        IF NOT item.is_forced THEN
            EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', item.name);
        END IF;
        -- A partition has no policy of its own: reached directly it shows nothing, through its parent the parent's rule
        -- holds.
        CONTINUE WHEN EXISTS (SELECT FROM pg_inherits WHERE inhrelid = item.oid);
        rule := CASE
            WHEN item.relname IN ('price', 'model', 'model_alias', 'provider_name', 'price_offer')
                THEN 'USING (tenant_id = ANY (ARRAY[budget.tenant(), budget.catalogue_tenant()])) WITH CHECK (tenant_id = budget.tenant())'
            WHEN item.relname = 'tenant' -- its price_epoch tells whether the shared catalogue has moved on
                THEN 'USING (tenant_id = ANY (ARRAY[budget.tenant(), budget.catalogue_tenant()]) OR current_setting(''budget.tenant'', true) = ''*'') WITH CHECK (tenant_id = budget.tenant() OR current_setting(''budget.tenant'', true) = ''*'')'
            WHEN item.relname = 'api_key'
                THEN 'USING (tenant_id = budget.tenant() OR current_setting(''budget.tenant'', true) = ''*'')'
            ELSE 'USING (tenant_id = budget.tenant())' END;
        SELECT obj_description(oid, 'pg_policy') INTO present FROM pg_policy WHERE polrelid = item.oid
            AND polname = 'tenant_rows';
        IF present IS DISTINCT FROM rule THEN
            EXECUTE format('DROP POLICY IF EXISTS tenant_rows ON %s', item.name);
            EXECUTE format('CREATE POLICY tenant_rows ON %s %s', item.name, rule);
            EXECUTE format('COMMENT ON POLICY tenant_rows ON %s IS %L', item.name, rule);
        END IF;
    END LOOP;
END $$;

-- The audit log is append only, for the owner of its functions too.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = 'budget.audit_log'::regclass AND tgname = 'append_only') THEN
        CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON budget.audit_log
            FOR EACH STATEMENT EXECUTE FUNCTION budget.refuse_change();
    END IF;
END $$;

-- Owners and privileges.
DO $$
DECLARE
    item record;
    is_single constant boolean := current_setting('budget.role_mode', true) = 'single';
    owner text;
BEGIN
    FOR item IN SELECT p.oid::regprocedure AS name, p.prosecdef, p.proname, pg_get_userbyid(p.proowner) AS owner
        FROM pg_proc p WHERE p.pronamespace = 'budget'::regnamespace ORDER BY p.oid::regprocedure::text
    LOOP
        EXECUTE format('REVOKE ALL ON ROUTINE %s FROM PUBLIC', item.name);
        CONTINUE WHEN is_single;
        owner := CASE WHEN item.proname LIKE 'partitions\_%' THEN 'budget_owner' ELSE 'budget_engine' END;
        IF item.owner <> owner THEN
            EXECUTE format('GRANT USAGE, CREATE ON SCHEMA budget TO budget_engine');
            EXECUTE format('ALTER ROUTINE %s OWNER TO %I', item.name, owner);
        END IF;
        IF (item.prosecdef AND item.proname NOT IN ('install', 'catalogue_load')) OR item.proname = 'session_open' THEN
            EXECUTE format('GRANT EXECUTE ON ROUTINE %s TO budget_app, budget_engine', item.name);
        ELSE
            EXECUTE format('REVOKE EXECUTE ON ROUTINE %s FROM budget_app', item.name);
        END IF;
    END LOOP;
    IF is_single THEN
        RETURN;
    END IF;
    REVOKE CREATE ON SCHEMA budget FROM budget_engine;
    GRANT USAGE ON SCHEMA budget TO budget_engine, budget_app, budget_readonly;
    -- Partitions are reached through their parent only: nobody has privileges on one.
    FOR item IN SELECT c.oid::regclass AS name FROM pg_class c
        WHERE c.relnamespace = 'budget'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm') AND NOT c.relispartition
            ORDER BY c.relname
    LOOP
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO budget_engine', item.name);
        EXECUTE format('GRANT SELECT ON %s TO budget_readonly', item.name);
        EXECUTE format('REVOKE ALL ON %s FROM budget_app, PUBLIC', item.name);
    END LOOP;
    REVOKE ALL ON budget.migration FROM budget_engine;
    GRANT SELECT ON budget.migration TO budget_engine;
    REVOKE ALL ON budget.api_key, budget.setting FROM budget_readonly;
    -- The rules of row-level security run as the reader; the base functions serve functions of both owners.
    GRANT EXECUTE ON FUNCTION budget.tenant(), budget.catalogue_tenant() TO budget_readonly, budget_owner;
    GRANT EXECUTE ON FUNCTION budget.uuid_v7_floor(timestamptz), budget.uuid_v7(timestamptz), budget.id_age_max() TO budget_owner;
END $$;

-- What every session of these roles gets. A program that logs in as another role and takes budget_app by SET ROLE does
-- not inherit them: budget.session_open() is the same list for it. enable_seqscan = off belongs to the connections of
-- the ledger program alone (plans cached while tables were empty); reports need their sequential scans.
DO $$
DECLARE
    role text;
    setting text;
BEGIN
    IF current_setting('budget.role_mode', true) = 'single' THEN
        RETURN;
    END IF;
    FOREACH role IN ARRAY ARRAY['budget_app', 'budget_readonly'] LOOP
        FOREACH setting IN ARRAY ARRAY['search_path = pg_catalog, budget, pg_temp', 'statement_timeout = ''5s''',
            'lock_timeout = ''2s''',
            'idle_in_transaction_session_timeout = ''5s''', 'jit = off', 'plan_cache_mode = force_generic_plan',
                'timezone = ''UTC''']
        LOOP
            CONTINUE WHEN role = 'budget_readonly' AND setting LIKE 'plan_cache_mode%';
            EXECUTE format('ALTER ROLE %I IN DATABASE %I SET %s', role, current_database(), setting);
        END LOOP;
    END LOOP;
END $$;

-- /metrics shows the age of the oldest snapshot, whoever's session holds it. Where this right is not ours to give, it
-- shows those of our own sessions only.
DO $$
BEGIN
    IF current_setting('budget.role_mode', true) IS DISTINCT FROM 'single' AND NOT pg_has_role('budget_engine',
        'pg_read_all_stats', 'USAGE') THEN
        GRANT pg_read_all_stats TO budget_engine;
    END IF;
EXCEPTION WHEN insufficient_privilege THEN
    NULL;
END $$;
