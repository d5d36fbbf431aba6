-- Row-level security backs up what functions say: rule 16. A function that forgets its WHERE still sees one tenant
-- only.
BEGIN;
SELECT plan(17);
\set QUIET on
\set one '''00000000-0000-7000-8000-0000000000f1'''
\set two '''00000000-0000-7000-8000-0000000000f2'''
SELECT set_config('budget.tenant', '', true) \g /dev/null
INSERT INTO budget.tenant (tenant_id, name) VALUES (:one, 'one'), (:two, 'two');
INSERT INTO budget.budget (tenant_id, budget_id, path, name, currency) VALUES
    (:one, :one, ARRAY[:one::uuid], 'of one', 'USD'), (:two, :two, ARRAY[:two::uuid], 'of two', 'USD');
INSERT INTO budget.model (tenant_id, provider, model) VALUES (:one, 'p', 'm-one'), (:two, 'p', 'm-two'),
    (budget.catalogue_tenant(), 'p', 'm-shared');
INSERT INTO budget.usage_record (tenant_id, record_id, occurred_at, charged_at, received_at, shape_id, total_tokens,
    revisions, body_hash)
    SELECT t, budget.uuid_v7(), now(), now(), now(), 1, 1, '{}', '\x00' FROM unnest(ARRAY[:one, :two]::uuid[]) AS t;

CREATE FUNCTION budget.test_forgetful(tenant uuid) RETURNS text LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, budget, pg_temp AS $$
BEGIN
    PERFORM budget.enter(tenant);
    RETURN (SELECT string_agg(name, ', ' ORDER BY name) FROM budget.budget);
END $$;
CREATE FUNCTION budget.test_write(tenant uuid, victim uuid) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, budget, pg_temp AS $$
DECLARE
    changed bigint;
BEGIN
    PERFORM budget.enter(tenant);
    UPDATE budget.budget SET name = 'taken' WHERE budget_id = victim;
    GET DIAGNOSTICS changed = ROW_COUNT;
    RETURN changed;
END $$;
CREATE FUNCTION budget.test_count(tenant uuid, relation text) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, budget, pg_temp AS $$
DECLARE
    result bigint;
BEGIN
    PERFORM budget.enter(tenant);
    EXECUTE format('SELECT count(*) FROM budget.%I', relation) INTO result;
    RETURN result;
END $$;
CREATE FUNCTION budget.test_insert(tenant uuid, owner uuid) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, budget, pg_temp AS $$
BEGIN
    PERFORM budget.enter(tenant);
    INSERT INTO budget.model (tenant_id, provider, model) VALUES (owner, 'p', 'm-new');
END $$;
ALTER FUNCTION budget.test_forgetful(uuid) OWNER TO budget_engine;
ALTER FUNCTION budget.test_write(uuid, uuid) OWNER TO budget_engine;
ALTER FUNCTION budget.test_count(uuid, text) OWNER TO budget_engine;
ALTER FUNCTION budget.test_insert(uuid, uuid) OWNER TO budget_engine;
GRANT EXECUTE ON FUNCTION budget.test_forgetful(uuid), budget.test_write(uuid, uuid), budget.test_count(uuid, text),
    budget.test_insert(uuid, uuid) TO budget_app;
CREATE TEMP TABLE budget_partition AS SELECT c.relname::text AS name
    FROM pg_class c JOIN pg_inherits i ON i.inhrelid = c.oid
    WHERE i.inhparent = 'budget.usage_record'::regclass ORDER BY c.relname;
GRANT SELECT ON budget_partition TO budget_app;
GRANT budget_app, budget_readonly TO CURRENT_USER;
SET LOCAL ROLE budget_app;

SELECT is(budget.test_forgetful(:one), 'of one', 'rule_16_a_forgotten_where_shows_one_tenant');
SELECT is(budget.test_forgetful(:two), 'of two', 'and the other one for the other');
SELECT is(budget.test_forgetful(NULL), NULL, 'nothing without a tenant');
SELECT is(budget.test_write(:one, :two), 0::bigint, 'a change without tenant reaches no other tenant');
SELECT is(budget.test_write(:one, :one), 1::bigint, 'but its own');
SELECT is(budget.test_count(:one, 'usage_record'), 1::bigint, 'partitioned tables too');
SELECT throws_ok(format('SELECT budget.test_count(%L, %L)', :one, (SELECT min(name) FROM budget_partition)), '42501',
    NULL, 'a partition is not reached directly');
SELECT is(budget.test_count(:one, 'tenant'), 2::bigint, 'of tenants its own row and the catalogue''s');
SELECT ok(budget.test_count(:one, 'model') >= 2, 'the shared catalogue is seen with one''s own models');
SELECT lives_ok(format('SELECT budget.test_insert(%L, %L)', :one, :one), 'one''s own rows are written');
SELECT throws_ok(format('SELECT budget.test_insert(%L, %L)', :one, :two), '42501', NULL, 'no row for another tenant');
SELECT throws_ok(format('SELECT budget.test_insert(%L, %L)', :one, '00000000-0000-0000-0000-000000000000'), '42501',
    NULL, 'none for the catalogue');
SELECT throws_ok('SELECT count(*) FROM budget.budget', '42501', NULL, 'the programs'' role reads no table');
SELECT throws_ok('SELECT budget.enter(NULL)', '42501', NULL, 'and calls no helper');

RESET ROLE;
SELECT throws_ok('UPDATE budget.audit_log SET actor = ''x''', '42501', NULL, 'the audit log takes no change');
SELECT throws_ok('DELETE FROM budget.audit_log', '42501', NULL, 'nor a deletion, whoever asks');
SELECT is((SELECT string_agg(c.relname, ', ') FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
    AND a.attname = 'tenant_id'
    WHERE c.relnamespace = 'budget'::regnamespace AND c.relkind IN ('r', 'p') AND NOT (c.relrowsecurity
        AND c.relforcerowsecurity)), NULL,
    'forced on every table with a tenant');
SELECT * FROM finish();
ROLLBACK;
