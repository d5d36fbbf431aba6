-- What each candidate counts for. Once a run, after the imports, before anything is decided.
--   a name that means a model already priced counts for that model, once per source: the very name before an alias
--   before another date or region, a listed one before that of a family (if_known); others of the same source that say
--   the same price are the same model
--   another date or region that some source prices otherwise is a model of its own
--   a reseller's name at the maker's price is a witness for the maker's price, where its source does not name that
--   itself; where some source says another price it is the reseller's own price
--   a family's name that means no model its seller has a price of counts for nothing: nobody may know it
-- Only the quote in force of each name counts; what a source no longer lists is forgotten, and what it lists in a
-- currency without rate is kept, but counts for nothing.
CREATE OR REPLACE FUNCTION budget.price_settle(p_run uuid, p_trial uuid) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    rules constant budget.price_rules := budget.price_rules();
BEGIN
    DELETE FROM budget.price_candidate AS c WHERE c.trial = p_trial AND c.run_id <> p_run
        AND EXISTS (SELECT FROM budget.price_candidate AS n WHERE n.trial = p_trial AND n.source = c.source
            AND n.run_id = p_run);
    UPDATE budget.price_candidate AS c SET provider = NULL, model = NULL
        WHERE c.trial = p_trial AND c.provider IS NOT NULL;
    PERFORM budget.price_settle_direct(p_trial);
    PERFORM budget.price_settle_resold(p_trial, rules);
    UPDATE budget.price_candidate AS c SET provider = NULL, model = NULL
    WHERE c.trial = p_trial AND c.provider IS NOT NULL AND (c.problem IS NOT NULL OR c.model = '*'
        OR c.seller IN (SELECT n.name FROM budget.provider_name AS n WHERE n.tenant_id = budget.catalogue_tenant()
                        AND n.kind = 'local'));
END $$;

-- The quote of each name and service tier that is in force now and may count.
CREATE OR REPLACE FUNCTION budget.candidates_now(p_trial uuid) RETURNS SETOF budget.price_candidate LANGUAGE sql STABLE AS $$
    SELECT DISTINCT ON (c.source, c.seller, c.named, c.service_tier) c.* FROM budget.price_candidate AS c
    WHERE c.trial = p_trial AND c.effective_date <= clock_timestamp()
      AND coalesce(c.end_date, 'infinity') > clock_timestamp()
      AND (NOT c.about ? 'if_known' OR c.home_provider = c.seller)
    ORDER BY c.source, c.seller, c.named, c.service_tier, c.effective_date DESC
$$;

-- Names of the model's own seller. Windows, not joins, and no nested loops: no statistics exist while a feed is coming
-- in, and a plan made for an empty table would compare each row with each.
CREATE OR REPLACE FUNCTION budget.price_settle_direct(p_trial uuid) RETURNS void LANGUAGE sql
SET enable_nestloop = off AS $$
    WITH named AS (
        SELECT c.source, c.seller, c.named, c.service_tier, c.effective_date, c.rates, c.rank,
               c.about ? 'if_known' AS is_family, coalesce(c.home_provider, c.seller) AS provider,
               coalesce(c.home_model, c.named) AS model
        FROM budget.candidates_now(p_trial) AS c WHERE c.rank < 3),
    placed AS (
        SELECT n.*, (n.seller, n.named) = (first_value(n.seller) OVER best, first_value(n.named) OVER best) AS is_best
        FROM named AS n WINDOW best AS (PARTITION BY n.source, n.provider, n.model
            ORDER BY n.is_family, n.rank, n.service_tier <> 'standard', n.named DESC, n.seller)),
    compared AS (
        SELECT p.*, NOT p.is_best AND first_value(p.is_best) OVER same AND first_value(p.rates) OVER same <> p.rates
               AND (budget.rates_compare(p.rates, first_value(p.rates) OVER same)).apart > 0 AS differs
        FROM placed AS p WINDOW same AS (PARTITION BY p.source, p.provider, p.model, p.service_tier
            ORDER BY p.is_best DESC)),
    judged AS (                                     -- named otherwise, and priced otherwise by some source
        SELECT c.*, c.rank = 2 AND bool_or(c.differs) OVER (PARTITION BY c.seller, c.named) AS is_own FROM compared AS c)
    UPDATE budget.price_candidate AS c
    SET provider = CASE WHEN j.is_own THEN j.seller WHEN j.is_best THEN j.provider END,
        model = CASE WHEN j.is_own THEN j.named WHEN j.is_best THEN j.model END
    FROM judged AS j
    WHERE c.trial = p_trial AND c.source = j.source AND c.seller = j.seller AND c.named = j.named
        AND c.service_tier = j.service_tier AND c.effective_date = j.effective_date
$$;

-- Names of resellers.
CREATE OR REPLACE FUNCTION budget.price_settle_resold(p_trial uuid, rules budget.price_rules) RETURNS void
LANGUAGE sql SET enable_nestloop = off AS $$
    WITH resold AS (
        SELECT c.source, c.seller, c.named, c.service_tier, c.effective_date, c.home_provider, c.home_model, c.rates,
               budget.price_maker_rates(p_trial, c.home_provider, c.home_model, c.service_tier) AS maker_rates
        FROM budget.candidates_now(p_trial) AS c WHERE c.rank = 3),
    judged AS (
        SELECT r.*, bool_or(r.maker_rates IS NULL OR r.maker_rates <> r.rates
            AND (budget.rates_compare(r.rates, r.maker_rates)).apart > rules.tolerance)
            OVER (PARTITION BY r.seller, r.named) AS is_own FROM resold AS r),
    placed AS (                                     -- one witness per source, model and service tier
        SELECT j.*, row_number() OVER (PARTITION BY j.source, j.home_provider, j.home_model, j.service_tier, j.is_own
            ORDER BY j.seller, j.named) AS place FROM judged AS j)
    UPDATE budget.price_candidate AS c
    SET provider = CASE WHEN p.is_own THEN p.seller ELSE p.home_provider END,
        model = CASE WHEN p.is_own THEN p.named ELSE p.home_model END
    FROM placed AS p
    WHERE c.trial = p_trial AND c.source = p.source AND c.seller = p.seller AND c.named = p.named
        AND c.service_tier = p.service_tier AND c.effective_date = p.effective_date
        AND (p.is_own OR p.place = 1 AND NOT EXISTS (
            SELECT FROM budget.price_candidate AS d WHERE d.trial = p_trial AND d.source = p.source
                AND d.provider = p.home_provider AND d.model = p.home_model AND d.service_tier = p.service_tier))
$$;

-- What the maker's own price is: in force, else as the most trusted source quotes it directly.
CREATE OR REPLACE FUNCTION budget.price_maker_rates(p_trial uuid, p_provider text, p_model text, p_tier text)
RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
DECLARE
    result jsonb := (SELECT budget.price_flat(f) FROM budget.price_exactly(p_provider, p_model, p_tier) AS f);
BEGIN
    IF result IS NULL THEN
        SELECT c.rates INTO result FROM budget.price_candidate AS c JOIN budget.price_source AS s USING (source)
        WHERE c.provider = p_provider AND c.model = p_model AND c.service_tier = p_tier
          AND c.trial IN (p_trial, budget.no_trial()) AND s.enabled
        ORDER BY s.trust DESC, c.source LIMIT 1;
    END IF;
    RETURN result;
END $$;

-- The catalogue's price in force of exactly this service tier, 0 or 1 row.
CREATE OR REPLACE FUNCTION budget.price_exactly(p_provider text, p_model text, p_service_tier text)
RETURNS SETOF budget.price LANGUAGE sql STABLE ROWS 1 AS $$
    SELECT p.* FROM budget.price AS p
    WHERE p.tenant_id = budget.catalogue_tenant() AND p.provider = p_provider AND p.model = p_model
      AND p.service_tier = p_service_tier AND p.effective_date <= clock_timestamp()
      AND coalesce(p.end_date, 'infinity') > clock_timestamp()
    ORDER BY p.effective_date DESC LIMIT 1
$$;
