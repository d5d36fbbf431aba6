-- Headroom that approvals add to a soft limit at an instant; several add up. scope: the context_id the request names
-- ('' = none): approvals for one context serve that context only, those without one serve all. Zero without any.
CREATE OR REPLACE FUNCTION budget.approval_headroom(revision integer, scope text, at timestamptz, OUT cost numeric,
    OUT tokens bigint)
LANGUAGE plpgsql STABLE AS $$
BEGIN
    SELECT coalesce(sum(a.cost), 0), coalesce(sum(a.tokens), 0)::bigint INTO cost, tokens
    FROM budget.policy_revision r
    JOIN budget.approval a ON a.tenant_id = r.tenant_id AND a.policy_id = r.policy_id AND a.state = 'granted'
    WHERE r.tenant_id = budget.tenant() AND r.revision = approval_headroom.revision
      AND a.scope IN ('', approval_headroom.scope) AND a.valid_from <= at AND at < a.valid_until;
END $$;
