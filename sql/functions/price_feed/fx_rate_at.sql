-- The rate of exchange of a day: the newest one stored up to then, or its reverse to 18 digits where only that is known.
-- NULL when there is none.
CREATE OR REPLACE FUNCTION budget.fx_rate_at(p_currency text, p_base text, p_day date, OUT rate numeric, OUT day date)
LANGUAGE sql STABLE AS $$
    SELECT r.rate, r.day
    FROM (SELECT f.rate, f.day, 0 AS reverse FROM budget.fx_rate AS f
          WHERE f.currency = p_currency AND f.base = p_base AND f.day <= p_day
          UNION ALL
          SELECT trim_scale(round(1 / f.rate, 18)), f.day, 1 FROM budget.fx_rate AS f
          WHERE f.currency = p_base AND f.base = p_currency AND f.day <= p_day) AS r
    ORDER BY r.day DESC, r.reverse LIMIT 1
$$;
