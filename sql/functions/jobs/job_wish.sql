-- Jobs somebody asked for by the API and that no copy works on yet, for the private schedule.
CREATE OR REPLACE FUNCTION budget.jobs_requested() RETURNS TABLE (job text) LANGUAGE sql STABLE
SECURITY DEFINER SET search_path = pg_catalog, budget, pg_temp AS $$
    SELECT DISTINCT r.job FROM budget.job_run AS r WHERE r.status = 'queued' ORDER BY 1
$$;

-- What the run that just began was asked for; options NULL: nobody asked for it.
CREATE OR REPLACE FUNCTION budget.job_wish(p_run uuid, OUT options jsonb, OUT is_dry boolean) LANGUAGE sql STABLE
SECURITY DEFINER SET search_path = pg_catalog, budget, pg_temp AS $$
    SELECT r.options, r.dry_run FROM budget.job_run AS r WHERE r.run_id = p_run
$$;
