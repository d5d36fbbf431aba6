-- JSON merge patch (RFC 7396): members of patch replace those of target, null removes them, objects are merged inside.
CREATE OR REPLACE FUNCTION budget.merge_patch(target jsonb, patch jsonb) RETURNS jsonb
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    result jsonb := CASE jsonb_typeof(target) WHEN 'object' THEN target ELSE '{}' END;
    member record;
BEGIN
    IF jsonb_typeof(patch) IS DISTINCT FROM 'object' THEN
        RETURN patch;
    END IF;
    FOR member IN SELECT * FROM jsonb_each(patch) LOOP
        IF jsonb_typeof(member.value) = 'null' THEN
            result := result - member.key;
        ELSE
            result := result || jsonb_build_object(member.key, budget.merge_patch(result -> member.key, member.value));
        END IF;
    END LOOP;
    RETURN result;
END $$;
