-- Value in force of a setting, as text: budget.setting_value('hold_ttl_check_seconds')::integer.
-- Written by budget.settings_publish() at every start; budget.install() fills in the defaults of a new database.
-- An unknown name is a fault of ours, so it raises rather than let a rule run on NULL.
CREATE OR REPLACE FUNCTION budget.setting_value(name text) RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE
    result text;
BEGIN
    SELECT s.value INTO result FROM budget.setting_effective s WHERE s.name = setting_value.name;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'setting % is unknown to this database: run budget db migrate', name
            USING ERRCODE = 'undefined_object';
    END IF;
    RETURN result;
END $$;
