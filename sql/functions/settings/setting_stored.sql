-- The database layer of the settings, as PUT /settings left it: read by every program at its start.
CREATE OR REPLACE FUNCTION budget.setting_stored() RETURNS TABLE (name text, value text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, budget, pg_temp AS $$
    SELECT s.name, s.value FROM budget.setting s ORDER BY s.name
$$;
