-- What the sources' quotes of one model and service tier mean for the price in force. Reads and writes nothing.
--   voices     one per source, most trusted first, those of resellers (witnesses) last
--   force      the catalogue's price in force, NULL columns = none
--   reference  rates of the maker where a reseller's price is looked at and has none in force; else NULL
-- The rules, in this order:
--   several sources agree (agreement of the trust within tolerance of one of them)     applied, verified
--   first price, one source of at least the bar                                         first, not verified
--   change by one source, up to the tolerance                                           applied, not verified
--   classes nobody named before, by a source of at least the bar                        applied
--   everything else that would change something, and sources that contradict each other conflict
-- Never applied: what is outlier times off the price in force or off the other sources, what looks like another unit,
-- what would replace a price a person approved. One voice far off while the others agree stops nothing, but is listed.
CREATE OR REPLACE FUNCTION budget.price_judge(voices budget.price_voice[], force budget.price, reference jsonb,
    rules budget.price_rules) RETURNS budget.price_verdict LANGUAGE plpgsql STABLE AS $$
DECLARE
    verdict budget.price_verdict;
    stands constant jsonb := budget.price_flat(force);
    many constant boolean := cardinality(voices) > 1;
    members integer[];
    far integer;
    off record;
    smells boolean;
BEGIN
    SELECT v.winner, v.members, v.agreed, v.far, v.smells INTO verdict.winner, members, verdict.agreed, far, smells
        FROM budget.price_poll(voices, rules) AS v;
    verdict.rates := budget.rates_merge(ARRAY(SELECT (voices[m]).rates FROM unnest(members) AS m), stands);
    verdict.sources := ARRAY(SELECT (voices[m]).source FROM unnest(members) AS m);
    verdict.percent := budget.rates_percent(stands, verdict.rates);
    off := budget.rates_compare(verdict.rates, coalesce(stands, reference));
    smells := smells OR budget.rates_smell(verdict.rates) AND verdict.rates IS DISTINCT FROM stands
        OR coalesce(stands, reference) IS NOT NULL AND off.smells;
    verdict.action := 'conflict';
    IF (voices[1]).is_witness THEN                  -- nobody speaks for the maker
        verdict.action := 'unchanged';
    ELSIF verdict.rates = stands THEN                  -- nothing to change: do they contradict each other?
        IF force.approved_by IS NULL AND (many AND NOT verdict.agreed OR far IS NOT NULL) THEN
            verdict.kind := CASE WHEN smells THEN 'units' WHEN far IS NOT NULL THEN 'outlier' ELSE 'disagreement' END;
        ELSE
            verdict.action := CASE WHEN verdict.agreed AND NOT force.verified THEN 'verified' ELSE 'unchanged' END;
        END IF;
    ELSIF force.approved_by IS NOT NULL AND off.apart = 0 THEN
        verdict.action := 'unchanged';              -- more detail than a person wanted
    ELSIF force.approved_by IS NOT NULL THEN
        verdict.kind := 'approved';
    ELSIF smells THEN
        verdict.kind := 'units';
    ELSIF coalesce(stands, reference) IS NOT NULL AND off.factor >= rules.outlier THEN
        verdict.kind := 'outlier';
    ELSIF many AND NOT verdict.agreed THEN
        verdict.kind := CASE WHEN far IS NOT NULL THEN 'outlier' ELSE 'disagreement' END;
    ELSIF verdict.agreed THEN
        verdict.action := CASE WHEN stands IS NULL THEN 'first' ELSE 'applied' END;
        verdict.kind := CASE WHEN far IS NOT NULL THEN 'outlier' END;
    ELSIF stands IS NULL OR off.apart = 0 THEN
        IF (voices[1]).trust >= rules.bar THEN
            verdict.action := CASE WHEN stands IS NULL THEN 'first' ELSE 'applied' END;
        ELSIF stands IS NULL THEN
            verdict.kind := 'untrusted';
        ELSE
            verdict.action := 'unchanged';
        END IF;
    ELSIF off.apart <= rules.tolerance THEN
        verdict.action := 'applied';
    ELSE
        verdict.kind := 'change';
    END IF;
    verdict.reason := budget.price_reason(verdict, voices, far, coalesce(stands, reference), off.apart, rules);
    RETURN verdict;
END $$;

-- Who agrees with whom: the group with most trust behind it.
--   winner   its most trusted voice, never a witness while others speak; members: the group, most trusted first
--   agreed   two voices at least, and their share of all trust reaches rules.agreement
--   far      the most trusted voice outside that is rules.outlier times off, or NULL
--   smells   somebody outside is about a thousand or a million times off
CREATE OR REPLACE FUNCTION budget.price_poll(voices budget.price_voice[], rules budget.price_rules, OUT winner integer,
    OUT members integer[], OUT agreed boolean, OUT far integer, OUT smells boolean) LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF cardinality(voices) = 1 THEN
        winner := 1;
        members := ARRAY[1];
        agreed := false;
        smells := false;
        RETURN;
    END IF;
    WITH pair AS MATERIALIZED (
        SELECT i, j, (voices[j]).trust AS trust, c.apart <= rules.tolerance AS near, c.factor, c.smells
        FROM generate_subscripts(voices, 1) AS i, generate_subscripts(voices, 1) AS j,
            budget.rates_compare((voices[j]).rates, (voices[i]).rates) AS c),
    best AS (
        SELECT p.i, sum(p.trust) FILTER (WHERE p.near) AS weight, count(*) FILTER (WHERE p.near) AS heads,
               sum(p.trust) AS total
        FROM pair AS p WHERE NOT (voices[p.i]).is_witness OR (voices[1]).is_witness GROUP BY p.i ORDER BY weight DESC NULLS LAST, heads DESC, p.i LIMIT 1)
    SELECT b.i, array_agg(p.j ORDER BY p.j) FILTER (WHERE p.near OR p.j = b.i),
           b.heads >= 2 AND b.weight >= rules.agreement * b.total,
           min(p.j) FILTER (WHERE NOT p.near AND p.factor >= rules.outlier),
           coalesce(bool_or(p.smells) FILTER (WHERE NOT p.near), false)
    INTO winner, members, agreed, far, smells
    FROM best AS b JOIN pair AS p ON p.i = b.i GROUP BY b.i, b.heads, b.weight, b.total;
    winner := members[1];
    IF agreed THEN
        smells := false;                            -- the one far off is listed, the others are not doubted
    END IF;
END $$;

-- The first price, with the classes it does not name from those behind it and last from what stands. Which context
-- tiers there are, the first says that has any.
CREATE OR REPLACE FUNCTION budget.rates_merge(prices jsonb[], stands jsonb) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    result jsonb := '{}';
    item jsonb;
    tiers text[];
BEGIN
    FOREACH item IN ARRAY prices || coalesce(stands, '{}') LOOP
        tiers := ARRAY(SELECT DISTINCT split_part(k, '.', 1) FROM jsonb_object_keys(result) AS k WHERE k LIKE 'above\_%');
        result := (SELECT coalesce(jsonb_object_agg(r.key, r.value), '{}') FROM jsonb_each(item) AS r
                   WHERE r.key NOT LIKE 'above\_%' OR tiers = '{}' OR split_part(r.key, '.', 1) = ANY (tiers)) || result;
    END LOOP;
    RETURN result;
END $$;

-- One sentence for people.
CREATE OR REPLACE FUNCTION budget.price_reason(verdict budget.price_verdict, voices budget.price_voice[], far integer,
    compared jsonb, apart numeric, rules budget.price_rules) RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE
    names constant text := array_to_string(verdict.sources, ', ');
    change constant text := coalesce(CASE WHEN verdict.percent > 0 THEN '+' ELSE '' END || trim_scale(verdict.percent)
        || ' %', 'new classes');
BEGIN
    RETURN CASE
        WHEN verdict.action = 'unchanged' THEN 'as it is'
        WHEN verdict.action = 'verified' THEN format('%s agree with what is in force', names)
        WHEN verdict.action = 'first' AND verdict.agreed THEN format('first price, %s agree', names)
        WHEN verdict.action = 'first' THEN format('first price, by %s alone', names)
        WHEN verdict.action = 'applied' AND apart = 0 THEN format('%s: classes that had no rate', names)
        WHEN verdict.action = 'applied' AND verdict.agreed THEN format('%s agree: %s', names, change)
        WHEN verdict.action = 'applied' THEN format('%s: %s, within the tolerance', names, change)
        WHEN verdict.kind = 'change' THEN format('%s alone says %s (%s): more than the tolerance of %s %%', names, change,
            budget.rates_worst(verdict.rates, compared), trim_scale(rules.tolerance * 100))
        WHEN verdict.kind = 'untrusted' THEN format('first price, by %s alone, whose trust of %s is below %s', names,
            (voices[1]).trust, rules.bar)
        WHEN verdict.kind = 'approved' THEN format('%s: %s, but a person approved the price in force', names, change)
        WHEN verdict.kind = 'units' THEN format('looks like a price of another unit (per 1,000 or per million): %s', names)
        WHEN verdict.kind = 'outlier' AND far IS NOT NULL THEN format('%s is %s times or more off the others: %s',
            (voices[far]).source, rules.outlier, budget.rates_worst((voices[far]).rates, verdict.rates))
        WHEN verdict.kind = 'outlier' THEN format('%s: %s times or more off the price in force: %s', names, rules.outlier,
            budget.rates_worst(verdict.rates, compared))
        ELSE format('%s sources contradict each other: %s', cardinality(voices), budget.voices_text(voices,
            rules.tolerance)) END;
END $$;

-- "cache_write_1h 6 and 0.5 a million": the class in which two sets of rates are furthest apart.
CREATE OR REPLACE FUNCTION budget.rates_worst(a jsonb, b jsonb) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT format('%s %s and %s', replace(replace(r.key, '_cost_per_token', ''), '_cost', ''), budget.rate_text(r.key, r.x),
        budget.rate_text(r.key, r.y)) || CASE WHEN r.key ~ '_token$' THEN ' a million' ELSE '' END
    FROM (SELECT m.key, m.value::numeric AS x, (b ->> m.key)::numeric AS y FROM jsonb_each_text(a) AS m WHERE b ? m.key) AS r
    WHERE r.x <> r.y
    ORDER BY r.key ~ 'audio|image', CASE WHEN r.x = 0 OR r.y = 0 THEN 0 ELSE greatest(r.x / r.y, r.y / r.x) END DESC, r.key
    LIMIT 1
$$;

CREATE OR REPLACE FUNCTION budget.rate_text(class text, rate numeric) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT trim_scale(CASE WHEN class ~ '_token$' THEN rate * 1000000 ELSE rate END)::text
$$;

-- "litellm 2/8, openrouter 10/40": input and output a million of each; where those are alike, what is not.
CREATE OR REPLACE FUNCTION budget.voices_text(voices budget.price_voice[], tolerance numeric) RETURNS text
LANGUAGE sql STABLE AS $$
    WITH voice AS (
        SELECT i, (voices[i]).source, (voices[i]).rates, concat_ws('/',
            budget.rate_text('_token', ((voices[i]).rates ->> 'input_cost_per_token')::numeric),
            budget.rate_text('_token', ((voices[i]).rates ->> 'output_cost_per_token')::numeric)) AS plain
        FROM generate_subscripts(voices, 1) AS i)
    SELECT CASE WHEN count(DISTINCT v.plain) > 1 THEN string_agg(concat_ws(' ', v.source, nullif(v.plain, '')), ', '
               ORDER BY v.i) ELSE string_agg(v.source, ', ' ORDER BY v.i) || coalesce(': ' || (
               SELECT budget.rates_worst(a.rates, b.rates) FROM voice AS a JOIN voice AS b ON a.i < b.i
               WHERE (budget.rates_compare(b.rates, a.rates)).apart > tolerance ORDER BY a.i, b.i LIMIT 1), '') END
    FROM voice AS v
$$;
