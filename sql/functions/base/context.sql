-- Who calls, for which tenant, and how an error is said. Every API function begins with PERFORM budget.enter(…).

-- Tenant of this transaction; NULL outside one. Row-level security compares every row with it.
CREATE OR REPLACE FUNCTION budget.tenant() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT nullif(nullif(current_setting('budget.tenant', true), ''), '*')::uuid
$$;

-- Owner of the shared price catalogue.
CREATE OR REPLACE FUNCTION budget.catalogue_tenant() RETURNS uuid LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT '00000000-0000-0000-0000-000000000000'::uuid
$$;

-- Binds the transaction to a tenant and remembers who calls (context: role, actor, key_id, key_budget_id, request_id,
-- if_match) for budget.audit() and budget.match_version().
CREATE OR REPLACE FUNCTION budget.enter(tenant uuid, context jsonb DEFAULT '{}') RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('budget.tenant', tenant::text, true), set_config('budget.context', context::text, true);
END $$;

CREATE OR REPLACE FUNCTION budget.context(name text) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT nullif(current_setting('budget.context', true), '')::jsonb ->> name
$$;

-- Raises the one kind of error the C side understands: SQLSTATE BG<http>, message = detail for people,
-- constraint = stable code, column = JSON pointer, detail = JSON object of more members.
CREATE OR REPLACE FUNCTION budget.fail(status integer, code text, pointer text, detail text, extra jsonb DEFAULT NULL)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION USING ERRCODE = 'BG' || status, MESSAGE = detail, CONSTRAINT = code, COLUMN = coalesce(pointer, ''),
        DETAIL = coalesce(extra::text, '');
END $$;

-- If-Match: '*' or absent passes; another version than the row's is 412.
CREATE OR REPLACE FUNCTION budget.match_version(version integer) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    wanted text := budget.context('if_match');
BEGIN
    IF wanted IS NOT NULL AND wanted <> '*' AND wanted <> version::text THEN
        PERFORM budget.fail(412, 'version_mismatch', '', format(
            'This object is at version %s, not %s: read it again and repeat the change on what it says now.', version, wanted));
    END IF;
END $$;

-- Appends to the audit log. before / after: the object as the API shows it, NULL where there is none.
CREATE OR REPLACE FUNCTION budget.audit(action text, entity_id text, before jsonb, after jsonb) RETURNS void LANGUAGE sql AS $$
    INSERT INTO budget.audit_log (tenant_id, audit_id, actor, role, key_id, request_id, action, entity, entity_id, before, after)
    VALUES (budget.tenant(), budget.uuid_v7(), coalesce(budget.context('actor'), current_user), coalesce(budget.context('role'), 'system'),
            budget.context('key_id')::uuid, budget.context('request_id'), action, split_part(action, '.', 1), entity_id, before, after)
$$;
