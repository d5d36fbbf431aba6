-- PUT /settings {set: {"<name>": text | null}, effective: {"<name>": {value, source}}}. cgi-bin/admin.c has checked
-- names, values and layers; `effective` is what counts with the change in place, worked out by lib/settings.c.
-- Settings are of the house, not of a tenant: only the local tenant's admins may change them.
-- Writes: setting, audit_log; what follows by budget.settings_publish().
CREATE OR REPLACE FUNCTION budget.setting_update(tenant uuid, context jsonb, args jsonb) RETURNS budget.reply
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, budget, pg_temp AS $$
DECLARE
    item record;
    effect text;
    effects text[] := '{}';
BEGIN
    PERFORM budget.enter(tenant, context);
    IF tenant <> budget.local_tenant() THEN
        PERFORM budget.fail(403, 'not_house_admin', '',
            'Settings belong to the whole installation: an admin of the local tenant changes them.');
    END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended('settings', 3));
    FOR item IN SELECT w.key AS name, w.value, s.value AS former FROM jsonb_each_text(args -> 'set') AS w
        LEFT JOIN budget.setting s ON s.name = w.key WHERE w.value IS DISTINCT FROM s.value ORDER BY w.key
    LOOP
        IF item.value IS NULL THEN
            DELETE FROM budget.setting s WHERE s.name = item.name;
        ELSE
            INSERT INTO budget.setting AS s (name, value, updated_by) VALUES (item.name, item.value,
                coalesce(budget.context('actor'), 'unknown'))
            ON CONFLICT (name) DO UPDATE SET value = excluded.value, updated_at = clock_timestamp(),
                updated_by = excluded.updated_by;
        END IF;
        PERFORM budget.audit('setting.update', item.name, to_jsonb(item.former), to_jsonb(item.value));
    END LOOP;
    FOR effect IN SELECT budget.settings_publish(args -> 'effective') LOOP
        effects := effects || effect;
    END LOOP;
    RETURN (NULL::integer, json_build_object('effects', to_json(effects)), NULL::text);
END $$;
