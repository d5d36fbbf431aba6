-- Slice of the idempotency keys: each names a record or hold that exists, because a refusal binds no key.
CREATE OR REPLACE FUNCTION budget.verify_keys(run budget.verify_run, batch integer, OUT rows bigint, OUT after text)
    LANGUAGE plpgsql AS $$
DECLARE
    low constant text[] := coalesce(string_to_array(run.after, ' '), ARRAY['', '']);
    last record;
BEGIN
    WITH slice AS MATERIALIZED (
        SELECT k.verb, k.key_hash, k.entity_id FROM budget.request_key k
         WHERE k.tenant_id = run.tenant_id AND (k.verb, k.key_hash) > (low[1], decode(low[2], 'hex'))
         ORDER BY k.verb, k.key_hash LIMIT batch),
    lost AS MATERIALIZED (
        SELECT s.verb, s.key_hash, s.entity_id FROM slice s
         WHERE (s.verb = 'record' AND NOT EXISTS (SELECT FROM budget.usage_record u
                WHERE u.tenant_id = run.tenant_id AND u.record_id = s.entity_id))
            OR (s.verb = 'reserve' AND NOT EXISTS (SELECT FROM budget.hold h
                WHERE h.tenant_id = run.tenant_id AND h.hold_id = s.entity_id)))
    SELECT count(*) AS rows,
        (array_agg(s.verb || ' ' || encode(s.key_hash, 'hex') ORDER BY s.verb DESC, s.key_hash DESC))[1] AS after,
        (SELECT array_agg(l) FROM lost l) AS lost INTO last FROM slice s;
    IF last.lost IS NOT NULL THEN
        PERFORM budget.verify_note(run, 'key', 'entity_id', l.verb || ' ' || encode(l.key_hash, 'hex'),
            format('the key answers for %s %s, which does not exist',
                CASE l.verb WHEN 'record' THEN 'record' ELSE 'allocation' END, l.entity_id))
           FROM unnest(last.lost) AS l (verb text, key_hash bytea, entity_id uuid);
    END IF;
    rows := last.rows;
    after := CASE WHEN last.rows = batch THEN last.after END;
END $$;
