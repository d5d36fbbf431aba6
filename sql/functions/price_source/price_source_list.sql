-- GET /prices/sources: all of them, most trusted first.
CREATE OR REPLACE FUNCTION budget.price_source_list(tenant uuid, context jsonb, args jsonb) RETURNS budget.reply
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, budget, pg_temp AS $$
DECLARE
    rows json[];
BEGIN
    PERFORM budget.enter(tenant, context);
    rows := ARRAY(SELECT budget.price_source_json(s) FROM budget.price_source AS s ORDER BY s.trust DESC, s.source);
    RETURN ROW(NULL, json_build_object('items', to_json(rows), 'total', cardinality(rows), 'page', 1, 'limit',
        greatest(cardinality(rows), 1), 'next_cursor', NULL), NULL)::budget.reply;
END $$;

-- A source as the API shows it. What stands in a url before an @ or behind a ? may be a secret: only admins see it.
CREATE OR REPLACE FUNCTION budget.price_source_json(s budget.price_source) RETURNS json LANGUAGE sql STABLE AS $$
    SELECT json_build_object('source', s.source, 'display_name', s.display_name, 'kind', s.kind,
        'url', CASE WHEN budget.context('role') = 'admin' THEN s.url
                    ELSE regexp_replace(regexp_replace(s.url, '//[^/@]*@', '//…@'), '[?].*$', '?…') END,
        'interval', s.interval_seconds, 'trust', budget.decimal(s.trust), 'enabled', s.enabled,
        'allow_private', s.allow_private, 'max_bytes', s.max_bytes, 'timeout', s.timeout_seconds,
        'pinned', to_json(s.pinned), 'last_outcome', s.last_outcome, 'last_fetched_at', budget.utc(s.last_fetched_at),
        'last_ok_at', budget.utc(s.last_ok_at), 'last_error', s.last_error, 'failures', s.failures,
        'due_at', CASE WHEN s.enabled AND s.url IS NOT NULL THEN budget.utc(budget.price_source_due_at(s)) END,
        'counts', s.counts, 'quotes', (SELECT count(*) FROM budget.price_candidate AS c
            WHERE c.source = s.source AND c.trial = budget.no_trial()),
        'unresolved', (SELECT count(*) FROM budget.price_candidate AS c
            WHERE c.source = s.source AND c.trial = budget.no_trial() AND c.problem IS NOT NULL),
        'unresolved_quotes', (SELECT coalesce(json_agg(json_build_object('provider', c.seller, 'model', c.named,
            'problem', c.problem, 'currency', c.fx -> 'currency')), '[]')
            FROM (SELECT * FROM budget.price_candidate AS c WHERE c.source = s.source AND c.trial = budget.no_trial()
                  AND c.problem IS NOT NULL ORDER BY c.seller, c.named LIMIT 20) AS c),
        'version', s.version, 'updated_at', budget.utc(s.updated_at))
$$;

-- Prices of sources belong to the whole installation: only the local tenant's people decide about them.
CREATE OR REPLACE FUNCTION budget.price_house_only() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF budget.tenant() <> budget.local_tenant() THEN
        PERFORM budget.fail(403, 'not_house', '', 'The shared catalogue and its sources belong to the whole installation: '
            'set a price of your own with POST /prices, or ask those who run it.');
    END IF;
END $$;
