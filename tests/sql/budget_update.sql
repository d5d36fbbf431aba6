-- What an edit of a budget changes, refuses, and what it does to its policies (rule 7).
BEGIN;
SELECT plan(41);
\ir ../harness/budgets.psql

CREATE TEMP TABLE b AS SELECT pg_temp.call('budget_create',
    '{"name": "A", "description": "d", "owner": "o", "metadata": {"x": 1, "y": {"z": 2}},
    "limits": {"daily": 5, "weekly": 25, "monthly": 100,
        "lifetime": 1000}}') AS a, pg_temp.call('budget_create', '{"name": "B"}') AS b;
CREATE FUNCTION pg_temp.a(args jsonb DEFAULT '{}') RETURNS jsonb LANGUAGE sql AS $$ SELECT args
    || jsonb_build_object('id', a -> 'budget_id') FROM b $$;
CREATE FUNCTION pg_temp.revisions() RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(p.period || ' ' || p.revision, ', ' ORDER BY p.policy_id) FROM budget.policy p, b
    WHERE p.tenant_id = budget.tenant() AND p.budget_id = (a ->> 'budget_id')::uuid
$$;
CREATE FUNCTION pg_temp.epoch() RETURNS bigint LANGUAGE sql AS $$ SELECT policy_epoch FROM budget.tenant
    WHERE tenant_id = budget.tenant() $$;
CREATE FUNCTION pg_temp.audits() RETURNS bigint LANGUAGE sql AS $$ SELECT count(*) FROM budget.audit_log
    WHERE tenant_id = budget.tenant() AND action LIKE 'budget.%' $$;

CREATE TEMP TABLE first AS SELECT pg_temp.revisions() AS r, pg_temp.epoch() AS e, pg_temp.audits() AS n;

-- PUT changes what is named
SELECT is(pg_temp.call('budget_update', pg_temp.a('{"name": "A2"}')) ->> 'name', 'A2', 'PUT changes what is named');
SELECT is(pg_temp.call('budget_get', pg_temp.a()) ->> 'owner', 'o', 'and nothing else');
SELECT is(pg_temp.call('budget_update', pg_temp.a('{"owner": null}')) ->> 'owner', 'o', 'null in a PUT is no value');
SELECT is(pg_temp.reply('budget_update', pg_temp.a('{"name": "A2"}')) ->> 'etag',
    '2', 'saying what stands already changes no version');
SELECT is(pg_temp.audits() - n, 1::bigint, 'and audits nothing') FROM first;
SELECT is((SELECT array_agg(x ORDER BY x) FROM (SELECT jsonb_object_keys(after) AS x FROM budget.audit_log
    WHERE tenant_id = :tenant AND action = 'budget.update'
    EXCEPT SELECT jsonb_object_keys(before) FROM budget.audit_log WHERE tenant_id = :tenant
        AND action = 'budget.update') k), NULL, 'the audit row has before and after alike');
SELECT is(pg_temp.call('budget_update', pg_temp.a('{"metadata": {"n": 1}}')) -> 'metadata', '{"n": 1}',
    'PUT replaces metadata');

-- PATCH is a merge patch
SELECT is(pg_temp.call('budget_patch', pg_temp.a('{"metadata": {"y": {"q": 3}}, "owner": null}')) -> 'metadata',
    '{"n": 1, "y": {"q": 3}}', 'PATCH merges metadata');
SELECT is(pg_temp.call('budget_patch', pg_temp.a('{"metadata": {"n": null}}')) -> 'metadata', '{"y": {"q": 3}}',
    'null removes a member');
SELECT is(pg_temp.call('budget_get', pg_temp.a()) -> 'owner', 'null', 'and clears the owner');
SELECT is(pg_temp.call('budget_patch', pg_temp.a('{"description": null}')) ->> 'description', '',
    'and the description');
SELECT is(pg_temp.epoch(), e, 'none of this changes what policies count') FROM first;

-- versions
SELECT is(pg_temp.refusal('budget_update', pg_temp.a('{"name": "late"}'), '{"if_match": "1"}'), '412 version_mismatch',
    'an old ETag');
SELECT is(pg_temp.call('budget_update', pg_temp.a('{"name": "A3"}'),
    jsonb_build_object('if_match', pg_temp.reply('budget_get', pg_temp.a()) -> 'etag')) ->> 'name', 'A3',
    'the present ETag');
SELECT is(pg_temp.call('budget_update', pg_temp.a('{"name": "A4"}'), '{"if_match": "*"}') ->> 'name', 'A4', 'any ETag');

-- what is counted when
SELECT is(pg_temp.call('budget_update', pg_temp.a('{"time_zone": "Asia/Kathmandu"}')) ->> 'time_zone', 'Asia/Kathmandu',
    'the zone');
SELECT isnt(pg_temp.revisions(), r, 'a zone makes new revisions') FROM first;
SELECT is(split_part(pg_temp.revisions(), 'lifetime ', 2), split_part(r, 'lifetime ', 2),
    'not of a policy that asks no clock') FROM first;
SELECT isnt(pg_temp.epoch(), e, 'and shapes are matched again') FROM first;
DROP TABLE first; CREATE TEMP TABLE first AS SELECT pg_temp.revisions() AS r;
SELECT is(pg_temp.call('budget_update', pg_temp.a('{"week_start": 7}')) ->> 'week_start', '7', 'the week');
SELECT is(regexp_replace(pg_temp.revisions(), 'weekly \d+', ''), regexp_replace(r, 'weekly \d+', ''),
    'revises the weekly policy alone') FROM first;
SELECT isnt(pg_temp.revisions(), r, 'but that one') FROM first;
SELECT is(pg_temp.call('budget_update', pg_temp.a('{"month_reset_day": 31}')) ->> 'month_reset_day',
    '31', 'the reset day');
SELECT is((SELECT array_agg(DISTINCT count) FROM (SELECT count(*) FROM budget.policy_revision WHERE tenant_id = :tenant
    AND closed_at IS NULL GROUP BY policy_id) c),
    '{1}'::bigint[], 'one open revision per policy, always');

-- the tree
SELECT is(pg_temp.refusal('budget_update', jsonb_build_object('id', :root,
    'parent_id', (SELECT b -> 'budget_id' FROM b))), '422 budget_cycle /parent_id', 'the root hangs below nothing');
SELECT is(pg_temp.refusal('budget_update', pg_temp.a(pg_temp.a()
    || jsonb_build_object('parent_id', pg_temp.a() -> 'id'))), '422 budget_cycle /parent_id',
    'nor does a budget below itself');
CREATE TEMP TABLE c AS SELECT pg_temp.call('budget_create', pg_temp.a() || jsonb_build_object('name', 'C',
    'parent_id', pg_temp.a() -> 'id')) AS c;
SELECT is(pg_temp.refusal('budget_update', pg_temp.a(jsonb_build_object('parent_id', c -> 'budget_id'))),
    '422 budget_cycle /parent_id', 'nor below its child') FROM c;
SELECT is(pg_temp.refusal('budget_retire', pg_temp.a()), '409 budget_has_children',
    'a budget with active children stays');
SELECT is(pg_temp.reply('budget_retire', pg_temp.a()) -> 'extra' -> 'child_id', c -> 'budget_id', 'and says which')
    FROM c;
SELECT is(pg_temp.refusal('budget_retire', jsonb_build_object('id', :root)), '409 root_budget', 'the root stays');
SELECT is(pg_temp.call('budget_update', pg_temp.a(jsonb_build_object('parent_id', b -> 'budget_id'))) ->> 'depth',
    '3', 'A moves below B') FROM b;
SELECT is((SELECT path[3]::text || cardinality(path) FROM budget.budget WHERE tenant_id = :tenant
    AND budget_id = (c ->> 'budget_id')::uuid), (pg_temp.a() ->> 'id') || 4, 'and takes its child along') FROM c;
SELECT is((SELECT count(*)::int FROM budget.policy_revision r WHERE tenant_id = :tenant AND closed_at IS NULL
    AND cardinality(path) <> 3), 0, 'its policies know the new path');
SELECT is(pg_temp.call('budget_patch', pg_temp.a('{"parent_id": null}')) ->> 'parent_id', :root,
    'null: back below the root');

-- retire and return
SELECT is(pg_temp.call('budget_retire', jsonb_build_object('id', c -> 'budget_id')) ->> 'is_active', 'false', 'retired')
    FROM c;
SELECT is(pg_temp.call('budget_retire', pg_temp.a()) ->> 'is_active', 'false', 'so is A now');
SELECT is(pg_temp.reply('budget_retire', pg_temp.a()) ->> 'status', NULL, 'twice is once');
SELECT is((SELECT count(*)::int FROM budget.policy_revision r WHERE tenant_id = :tenant AND closed_at IS NULL), 0,
    'its policies count nothing');
SELECT is(pg_temp.call('budget_list') -> 'total', '2', 'the list shows active budgets');
SELECT is(pg_temp.refusal('budget_update', jsonb_build_object('id', c -> 'budget_id', 'is_active', true)),
    '422 parent_inactive /parent_id', 'a child does not return before its parent') FROM c;
SELECT is(pg_temp.call('budget_update', pg_temp.a('{"is_active": true}')) ->> 'is_active', 'true', 'A returns');

SELECT * FROM finish();
ROLLBACK;
