-- What only the database can say about a budget's fields; raises 422 or returns. Sets path from the parent.

CREATE OR REPLACE FUNCTION budget.budget_check(item budget.budget) RETURNS budget.budget LANGUAGE plpgsql STABLE AS $$
DECLARE
    house constant budget.tenant := (SELECT t FROM budget.tenant t WHERE t.tenant_id = budget.tenant());
    parent budget.budget;
BEGIN
    IF item.currency <> house.currency THEN
        PERFORM budget.fail(422, 'currency_mismatch', '/currency', format(
            'All budgets of this tenant are kept in %s: amounts in other currencies are converted when prices come in.',
            house.currency));
    END IF;
    PERFORM budget.time_zone_check(item.time_zone, '/time_zone');
    IF item.parent_id IS NULL THEN
        RETURN item;
    END IF;
    parent := budget.budget_find(item.parent_id, '/parent_id');
    IF item.budget_id = ANY (parent.path) THEN
        PERFORM budget.fail(422, 'budget_cycle', '/parent_id',
            'A budget cannot stand below itself: choose a parent outside its own branch.');
    ELSIF NOT parent.is_active AND item.is_active THEN
        PERFORM budget.fail(422, 'parent_inactive', '/parent_id',
            'That parent is retired: choose an active budget, or make it active first.');
    ELSIF cardinality(parent.path) >= 8 THEN
        PERFORM budget.fail(422, 'tree_too_deep', '/parent_id',
            'Budgets nest 8 deep at most: choose a parent nearer to the root.');
    END IF;
    item.path := parent.path || item.budget_id;
    RETURN item;
END $$;

-- An IANA name. Abbreviations (CET, EST) are fixed offsets to PostgreSQL and POSIX rules ("X+3") are nobody's wall
-- clock.
CREATE OR REPLACE FUNCTION budget.time_zone_check(time_zone text, pointer text) RETURNS void
    LANGUAGE plpgsql STABLE AS $$
DECLARE
    is_known boolean := time_zone ~ '^[A-Za-z]' AND time_zone !~* '^(posix|right)/'
        AND lower(time_zone) NOT IN ('localtime', 'posixrules', 'factory');
BEGIN
    IF is_known THEN
        BEGIN
            PERFORM now() AT TIME ZONE time_zone;
        EXCEPTION WHEN invalid_parameter_value OR data_exception THEN
            is_known := false;
        END;
    END IF;
    IF is_known AND upper(time_zone) NOT IN ('UTC', 'GMT') THEN
        is_known := NOT EXISTS (SELECT FROM pg_timezone_abbrevs a WHERE a.abbrev = upper(time_zone))
            -- with digits it may be a POSIX rule: only then read the whole zone folder (a third of a second)
            AND (time_zone !~ '[0-9]' OR EXISTS (SELECT FROM pg_timezone_names n
                WHERE lower(n.name) = lower(time_zone)));
    END IF;
    IF NOT is_known THEN
        PERFORM budget.fail(422, 'unknown_time_zone', pointer, format(
            '%s is not an IANA time zone: use a name such as Europe/Berlin, America/New_York or UTC.', time_zone));
    END IF;
END $$;
