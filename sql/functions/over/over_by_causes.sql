-- Why a policy stands above its limit. No admission ever passes one, so whatever stands above came by facts or edits, and
-- each cent of it has a cause. Nothing is written for this while requests are served: it is read from the records (what
-- each cost and how much of that was held for), corrections, approvals, and the limits the policy had.
--
-- The excess is what came last. What may lift a counter above its limit is a stack in order of time; read from the top
-- down, each entry takes what it is good for until the excess is used up. The last admission saw spent + held within the
-- limit, so the entries above it are enough. Causes:
--   overage, unheld, late, hold_unknown, degraded, import   usage that no hold covered (on this policy), as recorded
--   correction        a new price made usage dearer
--   limit_lowered     it was admitted under a higher limit, or while the policy refused nothing
--   policy_new        it was there, spent or held, when the policy began to count
--   approval_expired  it was admitted under an approval that is over; approved: under one that still holds
--   allowed           a warn or ignore policy refuses nothing
--   earlier           beyond the newest records_max records, which are all that one reading looks at
--   unexplained       none of these: a fault of ours
-- over_cost, over_tokens: the excess, each 0 when there is none. Answers [{cause, cost, tokens}], largest first.
CREATE OR REPLACE FUNCTION budget.over_by_causes(item budget.policy, p_scope text, starts timestamptz, ends timestamptz,
    over_cost numeric, over_tokens bigint, at timestamptz) RETURNS json LANGUAGE plpgsql STABLE AS $$
DECLARE
    records_max constant integer := 20000;
    entries budget.over_entry[];
    next integer := 1;
    used record;
    sums budget.over_entry[] := '{}';
    cost_left numeric := greatest(over_cost, 0);
    tokens_left bigint := greatest(over_tokens, 0);
    slices constant uuid[] := budget.over_slices(item);
    has_corrections constant boolean := EXISTS (SELECT FROM budget.correction x WHERE x.tenant_id = item.tenant_id
        AND x.record_id >= budget.record_floor(starts));
BEGIN
    IF item.type NOT IN ('hard_limit', 'soft_limit') THEN
        RETURN budget.over_json(budget.over_take(sums, 'allowed', cost_left, tokens_left));
    END IF;
    IF item.period = 'rolling' THEN -- a window has no end but now, and usage may be charged some minutes ahead
        ends := 'infinity';
    END IF;
    entries := budget.over_entries(item, p_scope, starts, ends, at)
        || ROW('-infinity', NULL, 0, 0)::budget.over_entry; -- never passed: the records end first
    FOR used IN SELECT * FROM budget.over_records(item.tenant_id, item.revision, item.period, p_scope, starts, ends,
            slices, has_corrections, records_max)
        UNION ALL SELECT '-infinity', NULL, 0, 0 LOOP
        WHILE next < cardinality(entries) AND entries[next].at >= used.at LOOP
            sums := budget.over_take(sums, entries[next].cause, least(entries[next].cost, cost_left),
                least(entries[next].tokens, tokens_left));
            cost_left := cost_left - greatest(least(entries[next].cost, cost_left), 0);
            tokens_left := tokens_left - greatest(least(entries[next].tokens, tokens_left), 0);
            next := next + 1;
        END LOOP;
        EXIT WHEN cost_left = 0 AND tokens_left = 0;
        CONTINUE WHEN (used.cost <= 0 OR cost_left = 0) AND (used.tokens <= 0 OR tokens_left = 0);
        sums := budget.over_take(sums, used.cause, least(used.cost, cost_left), least(used.tokens, tokens_left));
        cost_left := cost_left - greatest(least(used.cost, cost_left), 0);
        tokens_left := tokens_left - greatest(least(used.tokens, tokens_left), 0);
    END LOOP;
    RETURN budget.over_json(budget.over_take(sums, CASE
        WHEN cost_left = 0 AND tokens_left = 0 THEN NULL
        WHEN EXISTS (SELECT FROM budget.usage_record u
            WHERE u.tenant_id = item.tenant_id AND u.record_id >= budget.record_floor(starts)
            ORDER BY u.tenant_id DESC, u.record_id DESC OFFSET records_max LIMIT 1) THEN 'earlier'
        WHEN EXISTS (SELECT FROM budget.policy_revision r WHERE r.tenant_id = item.tenant_id
            AND r.revision = item.revision AND r.opened_at > starts) THEN 'policy_new' -- held when it began to count
        ELSE 'unexplained' END, cost_left, tokens_left));
END $$;

-- sums with so much more for a cause, one line a cause.
CREATE OR REPLACE FUNCTION budget.over_take(sums budget.over_entry[], cause text, cost numeric, tokens bigint)
RETURNS budget.over_entry[] LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    IF cost <= 0 AND tokens <= 0 THEN
        RETURN sums;
    END IF;
    FOR k IN 1 .. cardinality(sums) LOOP
        IF sums[k].cause = over_take.cause THEN
            sums[k].cost := sums[k].cost + greatest(over_take.cost, 0);
            sums[k].tokens := sums[k].tokens + greatest(over_take.tokens, 0);
            RETURN sums;
        END IF;
    END LOOP;
    RETURN sums || ROW(NULL, cause, greatest(cost, 0), greatest(tokens, 0))::budget.over_entry;
END $$;

CREATE OR REPLACE FUNCTION budget.over_json(sums budget.over_entry[]) RETURNS json LANGUAGE sql STABLE AS $$
    SELECT coalesce(json_agg(json_build_object('cause', s.cause, 'cost', budget.decimal(s.cost), 'tokens', s.tokens)
        ORDER BY s.cost DESC, s.tokens DESC, s.cause), '[]') FROM unnest(sums) s
$$;
