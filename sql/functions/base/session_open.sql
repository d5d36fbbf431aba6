-- First statement of every connection of a program: takes the role budget_app where the login role may, and sets what
-- sessions of budget_app have by ALTER ROLE, so that a foreign server with one login gives the same behaviour.
-- is_ledger: plans of the hot path are cached while tables may be empty, so sequential scans are priced out there.
-- Returns the role in force. Not SECURITY DEFINER: SET ROLE is refused inside those.
CREATE OR REPLACE FUNCTION budget.session_open(is_ledger boolean DEFAULT false) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('search_path', 'pg_catalog, budget, pg_temp', false), set_config('statement_timeout', '5s',
        false),
        set_config('lock_timeout', '2s', false), set_config('idle_in_transaction_session_timeout', '5s', false),
        set_config('jit', 'off', false), set_config('plan_cache_mode', 'force_generic_plan', false),
        set_config('timezone', 'UTC', false), set_config('enable_seqscan', CASE WHEN is_ledger THEN 'off' ELSE 'on' END,
            false);
    IF current_user <> 'budget_app' AND EXISTS (SELECT FROM pg_roles WHERE rolname = 'budget_app' AND pg_has_role(oid,
        'MEMBER'))
       AND (SELECT pg_get_userbyid(nspowner) = 'budget_owner' FROM pg_namespace WHERE nspname = 'budget') THEN
        PERFORM set_config('role', 'budget_app', false);
    END IF;
    RETURN current_user;
END $$;
