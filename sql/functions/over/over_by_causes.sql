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
    records_max constant integer := 200000;
    entries budget.over_entry[];
    next integer := 1;
    used record;
    sums budget.over_entry[] := '{}';
    left_over budget.over_entry := ROW(NULL, NULL, greatest(over_cost, 0), greatest(over_tokens, 0));
BEGIN
    IF item.type NOT IN ('hard_limit', 'soft_limit') THEN
        sums := budget.over_take(sums, left_over, ROW(at, 'allowed', left_over.cost, left_over.tokens));
        RETURN budget.over_json(sums);
    END IF;
    IF item.period = 'rolling' THEN -- a window has no end but now, and usage may be charged some minutes ahead
        ends := 'infinity';
    END IF;
    entries := budget.over_entries(item, p_scope, starts, ends, at);
    FOR used IN SELECT * FROM budget.over_records(item, p_scope, starts, ends, records_max) LOOP
        WHILE next <= cardinality(entries) AND entries[next].at >= used.at LOOP
            sums := budget.over_take(sums, left_over, entries[next]);
            left_over := budget.over_left(left_over, entries[next]);
            next := next + 1;
        END LOOP;
        EXIT WHEN left_over.cost = 0 AND left_over.tokens = 0;
        sums := budget.over_take(sums, left_over, ROW(used.at, used.cause, used.cost, used.tokens));
        left_over := budget.over_left(left_over, ROW(used.at, used.cause, used.cost, used.tokens));
    END LOOP;
    WHILE next <= cardinality(entries) LOOP
        sums := budget.over_take(sums, left_over, entries[next]);
        left_over := budget.over_left(left_over, entries[next]);
        next := next + 1;
    END LOOP;
    sums := budget.over_take(sums, left_over, ROW(at, CASE WHEN EXISTS (SELECT FROM budget.usage_record u
            WHERE u.tenant_id = item.tenant_id AND u.record_id >= budget.record_floor(starts)
            ORDER BY u.tenant_id DESC, u.record_id DESC OFFSET records_max LIMIT 1) THEN 'earlier'
        WHEN EXISTS (SELECT FROM budget.policy_revision r WHERE r.tenant_id = item.tenant_id
            AND r.revision = item.revision AND r.opened_at > starts) THEN 'policy_new' -- held when it began to count
        ELSE 'unexplained' END, left_over.cost, left_over.tokens));
    RETURN budget.over_json(sums);
END $$;

-- sums with what an entry takes of the excess that is left, one line a cause.
CREATE OR REPLACE FUNCTION budget.over_take(sums budget.over_entry[], left_over budget.over_entry,
    entry budget.over_entry) RETURNS budget.over_entry[] LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    cost constant numeric := least(entry.cost, left_over.cost);
    tokens constant bigint := least(entry.tokens, left_over.tokens);
BEGIN
    IF cost <= 0 AND tokens <= 0 THEN
        RETURN sums;
    END IF;
    FOR k IN 1 .. cardinality(sums) LOOP
        IF sums[k].cause = entry.cause THEN
            sums[k].cost := sums[k].cost + greatest(cost, 0);
            sums[k].tokens := sums[k].tokens + greatest(tokens, 0);
            RETURN sums;
        END IF;
    END LOOP;
    RETURN sums || ROW(entry.at, entry.cause, greatest(cost, 0), greatest(tokens, 0))::budget.over_entry;
END $$;

CREATE OR REPLACE FUNCTION budget.over_left(left_over budget.over_entry, entry budget.over_entry)
RETURNS budget.over_entry LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    left_over.cost := left_over.cost - greatest(least(entry.cost, left_over.cost), 0);
    left_over.tokens := left_over.tokens - greatest(least(entry.tokens, left_over.tokens), 0);
    RETURN left_over;
END $$;

CREATE OR REPLACE FUNCTION budget.over_json(sums budget.over_entry[]) RETURNS json LANGUAGE sql STABLE AS $$
    SELECT coalesce(json_agg(json_build_object('cause', s.cause, 'cost', budget.decimal(s.cost), 'tokens', s.tokens)
        ORDER BY s.cost DESC, s.tokens DESC, s.cause), '[]') FROM unnest(sums) s
$$;
