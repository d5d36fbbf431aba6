-- Settings in rules: what is published counts at once; limits and the enforcement level follow as design.md says.
BEGIN;
SELECT plan(35);
\set QUIET on
\set tenant '''00000000-0000-7000-8000-000000000001'''
SELECT set_config('budget.tenant', :tenant, true) \g /dev/null
CREATE FUNCTION pg_temp.publish(name text, value text, source text) RETURNS text[] LANGUAGE sql AS $$
    SELECT array_agg(e) FROM budget.settings_publish(jsonb_build_object(name, jsonb_build_object('value', value,
        'source', source))) AS e
$$;
-- Limit of Default: of a period, of a component or of all.
CREATE FUNCTION pg_temp.limit_of(period text, component text DEFAULT NULL) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(budget.decimal(p.cost_limit) || ' ' || p.type, ', ')
        FROM budget.policy p JOIN budget.tenant t ON t.default_budget_id = p.budget_id
    WHERE t.tenant_id = '00000000-0000-7000-8000-000000000001' AND p.period = limit_of.period AND p.enabled
        AND p.component IS NOT DISTINCT FROM limit_of.component
$$;

SELECT is(budget.setting_value('hold_ttl_check_seconds'), '900', 'a default is there from the install on');
SELECT throws_ok('SELECT budget.setting_value(''no_such'')', '42704', NULL, 'an unknown name raises');
SELECT is(pg_temp.limit_of('daily') || ' / ' || pg_temp.limit_of('weekly') || ' / ' || pg_temp.limit_of('monthly'),
    '5 warn / 25 warn / 100 warn',
    'a new database: daily 5, weekly 25, monthly 100, of the level''s type');

SELECT is(pg_temp.publish('hold_ttl_check_seconds', '60', 'environment'), NULL,
    'a plain setting has no further effect');
SELECT is(budget.setting_value('hold_ttl_check_seconds'), '60', 'and counts at once');

SELECT is(cardinality(pg_temp.publish('daily_budget_limit', '50', '.env.budget')), 1,
    'a changed limit of a file is told');
SELECT is(pg_temp.limit_of('daily'), '50 warn', 'and applied');
SELECT is((SELECT limit_version FROM budget.policy WHERE tenant_id = :tenant AND period = 'daily'
    AND component IS NULL), 2, 'as a new limit for alerts');
SELECT is((SELECT count(*)::int FROM budget.audit_log WHERE tenant_id = :tenant AND action = 'policy.update'
    AND actor = 'settings'), 1, 'audited');
UPDATE budget.policy SET cost_limit = 70 WHERE tenant_id = :tenant AND period = 'daily';
SELECT is(pg_temp.publish('daily_budget_limit', '50', '.env.budget'), NULL, 'the same value again does nothing');
SELECT is(pg_temp.limit_of('daily'), '70 warn', 'so what the API set stays');
SELECT is(pg_temp.publish('daily_budget_limit', '5', 'default'), NULL, 'taking the line out resets nothing');
SELECT is(pg_temp.limit_of('daily'), '70 warn', 'neither');
SELECT is(pg_temp.publish('daily_budget_limit', '50', 'environment'), NULL, 'the old value back is no change');
SELECT is(pg_temp.limit_of('daily'), '70 warn', 'so it stays');
SELECT is(cardinality(pg_temp.publish('daily_budget_limit', '51', 'environment')), 1, 'another value is one');
SELECT is(pg_temp.limit_of('daily'), '51 warn', 'and wins once');

SELECT is(cardinality(pg_temp.publish('allocation.rhetor', '30', '.env.budget')), 3,
    'a share becomes a limit in each period');
SELECT is(pg_temp.limit_of('daily', 'rhetor') || ' / ' || pg_temp.limit_of('weekly', 'rhetor') || ' / '
    || pg_temp.limit_of('monthly', 'rhetor'),
    '15.3 warn / 7.5 warn / 30 warn', 'of that percentage');
SELECT is(cardinality(pg_temp.publish('allocation.rhetor', '40', '.env.budget')), 3, 'a changed share changes them');
SELECT is(pg_temp.limit_of('monthly', 'rhetor'), '40 warn', 'in place');
SELECT is(pg_temp.publish('allocation.other', '70', 'default'), NULL, 'OTHER is what is left: no policy');
SELECT is((SELECT count(*)::int FROM budget.policy p JOIN budget.policy_revision r USING (tenant_id, revision)
    WHERE p.tenant_id = :tenant), 6, 'every policy has its revision');

UPDATE budget.policy SET follows_level = false WHERE tenant_id = :tenant AND period = 'weekly' AND component IS NULL;
SELECT is(cardinality(pg_temp.publish('enforcement_level', 'hard_limit', 'database')), 5,
    'policies without a type follow the level');
SELECT is(pg_temp.limit_of('daily') || ' / ' || pg_temp.limit_of('weekly'), '51 hard_limit / 25 warn',
    'one with a type does not');

SELECT is((SELECT count(*)::int FROM budget.policy WHERE tenant_id = :tenant AND type = 'hard_limit' AND follows_level),
    5, 'and they keep following');
SELECT is((SELECT (after ->> 'type') || ' ' || actor FROM budget.audit_log WHERE tenant_id = :tenant
    AND action = 'policy.update' ORDER BY audit_id DESC LIMIT 1), 'hard_limit settings', 'audited');
INSERT INTO budget.policy SELECT (jsonb_populate_record(p, jsonb_build_object('policy_id', gen_random_uuid(),
    'revision', 1000, 'type', 'warn', 'follows_level', false))).*
    FROM budget.policy p WHERE tenant_id = :tenant AND period = 'daily' AND component IS NULL;
SELECT is((SELECT count(*)::int FROM unnest(pg_temp.publish('enforcement_level', 'warn', 'default')) AS line
    WHERE line LIKE '%a twin of type warn exists'), 1, 'one whose place is taken stays, and says so');
SELECT is(pg_temp.limit_of('daily'), '51 hard_limit, 51 warn', 'as it was');

SELECT is((SELECT status FROM budget.setting_update(:tenant, '{"actor": "me", "role": "admin"}',
    '{"set": {"backdate_hours": "24"}, "effective": {"backdate_hours": {"value": "24", "source": "database"}}}')), NULL,
        'PUT /settings');
SELECT is((SELECT value || ' ' || updated_by FROM budget.setting WHERE name = 'backdate_hours'), '24 me',
    'is stored with its author');
SELECT is(budget.setting_value('backdate_hours'), '24', 'counts');
SELECT is((SELECT after FROM budget.audit_log WHERE tenant_id = :tenant AND action = 'setting.update'), '"24"'::jsonb,
    'and is audited');
SELECT count(*) FROM budget.setting_update(:tenant, '{}',
    '{"set": {"backdate_hours": null}, "effective": {"backdate_hours": {"value": "72", "source": "default"}}}') \g /dev/null
SELECT is((SELECT count(*)::int FROM budget.setting), 0, 'null gives it up');
SELECT throws_ok($$SELECT budget.setting_update('00000000-0000-7000-8000-0000000000f9', '{}',
    '{"set": {"backdate_hours": "1"}, "effective": {}}')$$, 'BG403', NULL,
    'an admin of another tenant may not');
SELECT * FROM finish();
ROLLBACK;
