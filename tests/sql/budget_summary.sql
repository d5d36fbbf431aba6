-- What a budget has spent, holds and has left.
BEGIN;
SELECT plan(25);
\ir ../harness/budgets.psql

CREATE TEMP TABLE team AS SELECT pg_temp.call('budget_create',
    '{"name": "Team", "limits": {"daily": 5}}') ->> 'budget_id' AS id;
CREATE TEMP TABLE child AS SELECT pg_temp.call('budget_create', jsonb_build_object('name', 'Child',
    'parent_id', id)) ->> 'budget_id' AS id FROM team;
CREATE FUNCTION pg_temp.items(period text, budget text) RETURNS jsonb LANGUAGE sql AS $$
    SELECT pg_temp.call('budget_summary', jsonb_strip_nulls(jsonb_build_object('id', budget,
        'period', period))) -> 'items'
$$;

-- zeros
SELECT is(jsonb_array_length(pg_temp.items(NULL, id)), 1, 'an item per policy') FROM team;
SELECT is(pg_temp.items('daily', id) #> '{0,total_cost}', '0', 'a period without rows: zeros') FROM team;
SELECT is(pg_temp.items('daily', id) #> '{0,remaining_cost}', '5', 'all of it remains') FROM team;
SELECT is(pg_temp.items('daily', id) #> '{0,remaining_tokens}', 'null', 'no token limit, no remainder') FROM team;
SELECT is(pg_temp.items('daily', id) #> '{0,token_limit_exceeded}', 'false', 'nothing exceeded') FROM team;
SELECT is(pg_temp.items(NULL, id) -> 2 -> 'period', '"monthly"',
    'a budget without policies shows daily, weekly and monthly') FROM child;
SELECT is(pg_temp.items('per_session', id), '[]', 'sessions have no total of their own') FROM child;
SELECT is(pg_temp.refusal('budget_summary', '{"id": "00000000-0000-7000-8000-00000000dead"}'), '404 budget_not_found',
    'an unknown budget');

-- records charged to the budget or below, without a policy of the period
SELECT pg_temp.spend(jsonb_build_object('cost', 1.25, 'tokens', 3,
    'provider', 'p', 'model', 'm', 'budget_id', team.id)),
       pg_temp.spend(jsonb_build_object('cost', 2.5, 'tokens', 4,
           'provider', 'p', 'model', 'm', 'budget_id', child.id)),
       pg_temp.spend(jsonb_build_object('ceiling_cost', 9, 'tokens', 5,
           'provider', 'p', 'model', 'm', 'budget_id', child.id)),
       pg_temp.spend(jsonb_build_object('cost', 99, 'tokens', 4, 'provider', 'p', 'model', 'm', 'budget_id', child.id,
           'at', date_trunc('month', now(), 'UTC') - interval '1 s')),
       pg_temp.spend(jsonb_build_object('cost', 7, 'tokens', 4, 'provider', 'p', 'model', 'm')) FROM team,
           child \g /dev/null
INSERT INTO budget.correction (tenant_id, run_id, record_id, delta_cost, delta_ceiling)
SELECT tenant_id, budget.uuid_v7(), record_id, 0.5, -9 FROM budget.usage_record WHERE tenant_id = :tenant
    AND ceiling_cost = 9;
SELECT is(pg_temp.items('monthly', id) #> '{0,total_cost}', '4.25', 'the budget and below, corrections in') FROM team;
SELECT is(pg_temp.items('monthly', id) #> '{0,unpriced_cost}', '0', 'what was priced later is not unpriced any more')
    FROM team;
SELECT is(pg_temp.items('monthly', id) #> '{0,total_tokens_used}', '12', 'tokens') FROM team;
SELECT is(pg_temp.items('monthly', id) #> '{0,cost_limit}', 'null', 'and no limit') FROM team;
SELECT is(pg_temp.items('monthly', id) #> '{0,total_cost}', '3', 'the child''s own') FROM child;
SELECT is(pg_temp.items('monthly', :root) #> '{0,total_cost}', '11.25', 'Default sees everything');

-- counters
CREATE TEMP TABLE hard AS SELECT pg_temp.call('policy_create', jsonb_build_object('budget_id', id,
    'period', 'monthly', 'type', 'soft_limit', 'cost_limit', 4, 'token_limit', 100)) AS p FROM team;
SELECT is(pg_temp.items('monthly', id) #> '{0,total_cost}', '4.25', 'a policy made now shows the same total') FROM team;
SELECT is(pg_temp.items('monthly', id) #> '{0,over_by}', '0.25', 'and how far it is over') FROM team;
SELECT is(pg_temp.items('monthly', id) #> '{0,cost_limit_exceeded}', 'true', 'exceeded') FROM team;
SELECT is(pg_temp.items('monthly', id) #> '{0,remaining_cost}', '0', 'remaining is never below zero') FROM team;
SELECT is(pg_temp.items('monthly', id) #> '{0,cost_usage_percentage}', '1.0625', 'a fraction') FROM team;
SELECT is(pg_temp.items('monthly', id) #> '{0,remaining_tokens}', '88', 'tokens left') FROM team;
SELECT is(pg_temp.items('monthly', id) #>> '{0,resets_at}',
    budget.utc(date_trunc('month', now(), 'UTC') + interval '1 month'), 'resets') FROM team;
SELECT pg_temp.hold(jsonb_build_object('cost', 2, 'tokens', 8), ARRAY[(p ->> 'revision')::int]) FROM hard \g /dev/null
INSERT INTO budget.policy_state AS s (tenant_id, revision, held_cost, held_tokens) SELECT :tenant,
    (p ->> 'revision')::int, 2, 8 FROM hard
    ON CONFLICT (tenant_id, revision, scope) DO UPDATE SET held_cost = 2, held_tokens = 8;
SELECT is(pg_temp.items('monthly', id) -> 0 -> 'cost_held', '2', 'held') FROM team;
SELECT is(pg_temp.items('monthly', id) -> 0 -> 'active_allocations', '1', 'by one allocation') FROM team;

-- approvals widen what remains
INSERT INTO budget.approval (tenant_id, approval_id, policy_id, cost, state, requested_by, valid_from, valid_until)
SELECT :tenant, budget.uuid_v7(), (p ->> 'policy_id')::uuid, 10,
    'granted', 'x', now() - interval '1 s', now() + interval '1 h' FROM hard;
SELECT is(pg_temp.items('monthly', id) -> 0 -> 'remaining_cost', '7.75', 'approvals widen what remains') FROM team;

-- sessions
SELECT pg_temp.call('policy_create', jsonb_build_object('budget_id', id, 'period', 'per_session', 'cost_limit', 4))
    FROM team \g /dev/null
INSERT INTO budget.counter (tenant_id, revision, scope, period_start, spent_cost) SELECT :tenant, revision, 's' || n,
    '-infinity', n FROM budget.policy, generate_series(1, 30) n
    WHERE tenant_id = :tenant AND period = 'per_session';
SELECT is((SELECT jsonb_build_array(count(*), min((i ->> 'total_cost')::numeric))
    FROM jsonb_array_elements(pg_temp.items('per_session', id)) i), '[20, 12]',
    'the 20 scopes that used most; what named no session shares one') FROM team;

SELECT * FROM finish();
ROLLBACK;
