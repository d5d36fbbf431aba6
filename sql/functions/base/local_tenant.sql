-- The tenant of a house without keys, made by budget.install().
CREATE OR REPLACE FUNCTION budget.local_tenant() RETURNS uuid LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT '00000000-0000-7000-8000-000000000001'::uuid
$$;
