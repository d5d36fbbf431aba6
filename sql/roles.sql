-- roles.sql: who owns, who decides, who calls; and the schema they share. First step of every deploy, repeatable.
--   budget_owner     owns the schema and its tables; runs migrations, makes partitions. Nobody logs in as it.
--   budget_engine    owns the functions (SECURITY DEFINER runs as it): DML on tables, no BYPASSRLS, not the owner.
--   budget_app       what programs and jobs run as: may execute the API functions, touches no table.
--   budget_readonly  a person or a dashboard: SELECT, row-level security included.
-- A connecting role that may not create roles, and finds them absent, gets everything itself (single-role mode):
-- FORCE ROW LEVEL SECURITY still holds tenants apart there, unless that role is a superuser.
-- Locks: none that matter. Needs PostgreSQL 15 or newer and no extension.

DO $$
DECLARE
    wanted constant text[] := ARRAY['budget_owner', 'budget_engine', 'budget_app', 'budget_readonly'];
    me pg_roles;
    role text;
BEGIN
    SELECT * INTO me FROM pg_roles WHERE rolname = current_user;
    FOREACH role IN ARRAY wanted LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role) AND (me.rolsuper OR me.rolcreaterole) THEN
            EXECUTE format('CREATE ROLE %I %s', role, CASE WHEN role IN ('budget_app',
                'budget_readonly') THEN 'LOGIN' ELSE 'NOLOGIN' END);
        END IF;
        IF EXISTS (SELECT FROM pg_roles WHERE rolname = role) AND NOT me.rolsuper AND NOT pg_has_role(role,
            'USAGE') THEN
            BEGIN
                EXECUTE format('GRANT %I TO %I', role, current_user);
            EXCEPTION WHEN insufficient_privilege THEN
                NULL; -- the mode check below finds out
            END;
        END IF;
    END LOOP;
END $$;

-- 'roles' or 'single': every later step asks this one function of the session.
SELECT set_config('budget.role_mode', CASE
    WHEN (SELECT count(*) FROM pg_roles WHERE rolname IN ('budget_owner', 'budget_engine', 'budget_app',
        'budget_readonly')
              AND pg_has_role(oid, 'USAGE')) = 4
     AND NOT EXISTS (SELECT FROM pg_namespace WHERE nspname = 'budget' AND pg_get_userbyid(nspowner) <> 'budget_owner')
    THEN 'roles' ELSE 'single' END, false) AS role_mode;

DO $$
DECLARE
    is_single constant boolean := current_setting('budget.role_mode') = 'single';
BEGIN
    IF NOT EXISTS (SELECT FROM pg_namespace WHERE nspname = 'budget') THEN
        EXECUTE 'CREATE SCHEMA budget' || CASE WHEN is_single THEN '' ELSE ' AUTHORIZATION budget_owner' END;
    END IF;
    IF NOT is_single THEN
        EXECUTE 'SET LOCAL ROLE budget_owner';
    END IF;
    CREATE TABLE IF NOT EXISTS budget.migration (
        version     text PRIMARY KEY,             -- file name without .sql
        checksum    text NOT NULL,                -- SHA-256 of the file, hex
        applied_at  timestamptz NOT NULL DEFAULT clock_timestamp()
    );
    COMMENT ON TABLE budget.migration IS 'Applied files of sql/migrations; a changed file that stands here stops the next deploy.';
END $$;
