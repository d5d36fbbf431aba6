-- Numbers of the database for /metrics, over all tenants: name, labels as Prometheus writes them, value.
-- Kinds and explanations of the names stand in cgi-bin/metrics.c.
-- Reads: tenant, then tenant by tenant what row-level security shows; statistics views.
CREATE OR REPLACE FUNCTION budget.metrics_facts() RETURNS TABLE (metric text, labels text, value numeric)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, budget, pg_temp AS $$
#variable_conflict use_column
DECLARE
    tenants uuid[];
    id uuid;
    part record;
    holds bigint := 0;
    tokens numeric := 0;
    budgets bigint := 0;
    policies bigint := 0;
    alerts bigint := 0;
    outbox bigint := 0;
    refusals bigint := 0;
BEGIN
    PERFORM set_config('budget.tenant', '*', true);
    tenants := ARRAY(SELECT t.tenant_id FROM budget.tenant t WHERE t.tenant_id <> budget.catalogue_tenant() ORDER BY 1);
    FOREACH id IN ARRAY tenants LOOP
        PERFORM set_config('budget.tenant', id::text, true);
        SELECT count(*), coalesce(sum(h.left_tokens), 0) INTO part FROM budget.hold h
        WHERE h.tenant_id = id AND h.state = 'live' AND h.expires_at > clock_timestamp();
        holds := holds + part.count;
        tokens := tokens + part.coalesce;
        budgets := budgets + (SELECT count(*) FROM budget.budget b WHERE b.tenant_id = id AND b.is_active);
        policies := policies + (SELECT count(*) FROM budget.policy p WHERE p.tenant_id = id AND p.enabled);
        alerts := alerts + (SELECT count(*) FROM budget.alert a WHERE a.tenant_id = id AND a.acknowledged_at IS NULL);
        outbox := outbox + (SELECT count(*) FROM budget.outbox o WHERE o.tenant_id = id AND o.state = 'due');
        refusals := refusals + (SELECT coalesce(sum(d.count), 0) FROM budget.denial d WHERE d.tenant_id = id);
    END LOOP;
    RETURN QUERY VALUES ('budget_tenants', '', cardinality(tenants)::numeric), ('budget_budgets', '', budgets),
        ('budget_policies', '', policies), ('budget_live_holds', '', holds), ('budget_held_tokens', '', tokens),
        ('budget_open_alerts', '', alerts), ('budget_outbox_due', '', outbox), ('budget_refusals_total', '', refusals);
    RETURN QUERY SELECT 'budget_usage_records_total', '', coalesce(sum(pg_stat_get_tuples_inserted(i.inhrelid)), 0)
        FROM pg_inherits i WHERE i.inhparent = 'budget.usage_record'::regclass;
    RETURN QUERY SELECT f.name, '', f.value FROM pg_stat_database d, LATERAL (VALUES
        ('budget_database_connections', d.numbackends::numeric), ('budget_database_commits_total', d.xact_commit::numeric),
        ('budget_database_rollbacks_total', d.xact_rollback::numeric), ('budget_database_deadlocks_total', d.deadlocks::numeric),
        ('budget_database_size_bytes', pg_database_size(d.datid)::numeric)) AS f (name, value)
        WHERE d.datname = current_database();
    RETURN QUERY SELECT 'budget_oldest_snapshot_seconds', '', coalesce(round(max(extract(epoch FROM
        clock_timestamp() - a.xact_start)), 3), 0) FROM pg_stat_activity a
        WHERE a.datname = current_database() AND a.backend_xmin IS NOT NULL AND a.pid <> pg_backend_pid();
    RETURN QUERY SELECT f.name, format('job="%s"', j.job), f.value FROM budget.job j
        CROSS JOIN LATERAL (SELECT max(r.ended_at) FILTER (WHERE r.status = 'ok') AS ok, max(r.ended_at) FILTER (WHERE r.status = 'failed')
            AS failed FROM budget.job_run r WHERE r.job = j.job AND NOT r.dry_run) AS last,
        LATERAL (VALUES ('budget_job_last_success_timestamp_seconds', round(extract(epoch FROM last.ok), 3)),
            ('budget_job_last_failure_timestamp_seconds', round(extract(epoch FROM last.failed), 3)),
            ('budget_job_interval_seconds', j.every_seconds::numeric)) AS f (name, value)
        WHERE f.value IS NOT NULL;
END $$;
