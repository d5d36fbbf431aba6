-- Budgets: a tree below Default, what they inherit, what is refused.
BEGIN;
SELECT plan(30);
\ir ../harness/budgets.psql

CREATE TEMP TABLE team AS SELECT pg_temp.reply('budget_create',
    '{"name": "Team", "limits": {"daily": 5, "monthly": "100.50"}, "metadata": {"a": 1}}') AS r;
SELECT is((SELECT r ->> 'status' FROM team), '201', 'created');
SELECT is((SELECT r ->> 'etag' FROM team), '1', 'with its version as ETag');
SELECT is((SELECT r -> 'body' ->> 'parent_id' FROM team), :root, 'without parent: below Default');
SELECT is((SELECT r -> 'body' -> 'path' ->> 0 FROM team), :root, 'path from the root');
SELECT is((SELECT r -> 'body' ->> 'depth' FROM team), '2', 'depth');
SELECT is((SELECT r -> 'body' ->> 'reach' FROM team), 'all', 'reach all without parent');
SELECT is((SELECT r -> 'body' -> 'metadata' FROM team), '{"a": 1}', 'metadata');
SELECT is((SELECT jsonb_agg(p -> 'period') FROM team, jsonb_array_elements(r -> 'body' -> 'policies') p),
    '["daily", "monthly"]', 'limits become policies');
SELECT is((SELECT jsonb_agg(DISTINCT p ->> 'type') FROM team, jsonb_array_elements(r -> 'body' -> 'policies') p),
    jsonb_build_array(budget.level_type()), 'of the enforcement level''s type');
SELECT is((SELECT r -> 'body' -> 'policies' -> 1 ->> 'cost_limit' FROM team), '100.5', 'exact decimals');
SELECT is((SELECT count(*)::int FROM budget.audit_log WHERE tenant_id = :tenant
    AND action IN ('budget.create', 'policy.create')), 3, 'all of it audited');

CREATE TEMP TABLE child AS SELECT pg_temp.call('budget_create', jsonb_build_object('name', 'Child',
    'parent_id', r -> 'body' -> 'budget_id', 'time_zone', 'Asia/Kathmandu', 'month_reset_day', 15)) AS b FROM team;
SELECT is((SELECT b ->> 'reach' FROM child), 'named', 'reach named with a parent');
SELECT is((SELECT b ->> 'depth' FROM child), '3', 'one deeper');
SELECT is(pg_temp.call('budget_create', jsonb_build_object('name', 'Grandchild',
    'parent_id', (SELECT b -> 'budget_id' FROM child))) ->> 'time_zone', 'Asia/Kathmandu',
    'the zone comes from the parent');
SELECT is(pg_temp.call('budget_create', jsonb_build_object('name', 'Wide',
    'reach', 'all', 'parent_id', (SELECT b -> 'budget_id' FROM child))) ->> 'reach', 'all', 'reach as asked');

SELECT is(pg_temp.refusal('budget_create', '{"name": "x", "currency": "EUR"}'), '422 currency_mismatch /currency',
    'another currency');
SELECT is(pg_temp.call('budget_create', '{"name": "x", "currency": "usd"}') ->> 'currency', 'USD',
    'the tenant''s currency in any case');
SELECT is(pg_temp.refusal('budget_create', '{"name": "x", "time_zone": "Mars/Base"}'),
    '422 unknown_time_zone /time_zone', 'an unknown zone');
SELECT is(pg_temp.refusal('budget_create', '{"name": "x", "time_zone": "CET"}'), '422 unknown_time_zone /time_zone',
    'an abbreviation is no zone');
SELECT is(pg_temp.refusal('budget_create', '{"name": "x", "time_zone": "Foo+3"}'), '422 unknown_time_zone /time_zone',
    'nor is a POSIX rule');
SELECT is(pg_temp.refusal('budget_create', '{"name": "x", "time_zone": "posix/Europe/Berlin"}'),
    '422 unknown_time_zone /time_zone', 'nor another zone folder');
SELECT is(pg_temp.call('budget_create', '{"name": "x", "time_zone": "Etc/GMT+3"}') ->> 'time_zone', 'Etc/GMT+3',
    'a zone with digits');
SELECT is(pg_temp.refusal('budget_create', '{"name": "x", "parent_id": "00000000-0000-7000-8000-00000000dead"}'),
    '404 budget_not_found /parent_id', 'an unknown parent');
SELECT is(pg_temp.refusal('budget_get', '{"id": "00000000-0000-7000-8000-00000000dead"}'), '404 budget_not_found',
    'an unknown budget');

-- depth
CREATE FUNCTION pg_temp.deepen(parent text, steps integer) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    made jsonb := pg_temp.call('budget_create', jsonb_build_object('name', 'deep', 'parent_id', parent));
BEGIN
    RETURN CASE WHEN steps <= 1 THEN made ->> 'budget_id' ELSE pg_temp.deepen(made ->> 'budget_id', steps - 1) END;
END $$;
CREATE TEMP TABLE deep AS SELECT pg_temp.deepen(:root, 7) AS id;
SELECT is((SELECT cardinality(path) FROM budget.budget, deep WHERE tenant_id = :tenant AND budget_id = deep.id::uuid),
    8, 'eight deep');
SELECT is((SELECT pg_temp.refusal('budget_create', jsonb_build_object('name', 'x', 'parent_id', id)) FROM deep),
    '422 tree_too_deep /parent_id', 'nine is too deep');

-- keys of a budget
SELECT is(pg_temp.refusal('budget_create', jsonb_build_object('name', 'x', 'parent_id', :root),
    (SELECT jsonb_build_object('key_budget_id', b -> 'budget_id') FROM child)),
    '403 budget_out_of_reach /parent_id', 'a key of a budget makes none outside of it');
SELECT is(pg_temp.call('budget_create', '{"name": "x"}', (SELECT jsonb_build_object('key_budget_id', b -> 'budget_id')
    FROM child)) ->> 'parent_id',
    (SELECT b ->> 'budget_id' FROM child), 'and without parent below its own');
SELECT is(pg_temp.refusal('budget_update', jsonb_build_object('id', :root, 'name', 'y'),
    (SELECT jsonb_build_object('key_budget_id', b -> 'budget_id') FROM child)),
    '403 budget_out_of_reach', 'nor does it change them');

-- other tenants
SELECT is((SELECT r ->> 'code' FROM (SELECT pg_temp.reply('budget_get',
    jsonb_build_object('id', t.default_budget_id)) AS r
    FROM (SELECT set_config('budget.tenant', '*', true)) s, budget.tenant t
        WHERE t.tenant_id = budget.local_tenant()) q), 'budget_not_found', 'rows of other tenants do not exist');

SELECT * FROM finish();
ROLLBACK;
