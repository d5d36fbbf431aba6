-- POST /keys: the handler made the secret and passes public_id and secret_hash (hex); it adds the key to our answer once.
-- A key bound to a budget makes only keys bound to that budget or one below it.
-- Writes: api_key, audit_log.
CREATE OR REPLACE FUNCTION budget.key_create(tenant uuid, context jsonb, args jsonb) RETURNS budget.reply
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, budget, pg_temp AS $$
DECLARE
    bound constant uuid := coalesce((args ->> 'budget_id')::uuid, (context ->> 'key_budget_id')::uuid);
    expires constant timestamptz := budget.time_in(args ->> 'expires_at', 'UTC');
    owner budget.budget;
    made budget.api_key;
BEGIN
    PERFORM budget.enter(tenant, context);
    IF bound IS NOT NULL THEN
        owner := budget.budget_find(bound, '/budget_id');
        PERFORM budget.budget_reach(owner.path, '/budget_id');
    END IF;
    IF expires <= now() THEN
        PERFORM budget.fail(422, 'out_of_range', '/expires_at', 'expires_at lies in the past: such a key would never work.');
    END IF;
    INSERT INTO budget.api_key (tenant_id, key_id, public_id, secret_hash, name, role, budget_id, expires_at)
    VALUES (tenant, budget.uuid_v7(), args ->> 'public_id', decode(args ->> 'secret_hash', 'hex'), args ->> 'name', args ->> 'role',
        bound, expires)
    RETURNING * INTO made;
    PERFORM budget.audit('key.create', made.key_id::text, NULL, budget.key_json(made)::jsonb);
    RETURN ROW(NULL, budget.key_json(made), NULL)::budget.reply;
END $$;
