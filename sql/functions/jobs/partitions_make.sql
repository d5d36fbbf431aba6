-- Monthly partitions of hold and usage_record by range of UUIDv7 (booking time, UTC): from the month of the oldest id a
-- client may bring (id_age_max) up to months_ahead.
-- There is no DEFAULT partition: an id outside the range is refused at the door, so nothing can hide there.
-- Owner budget_owner (grants.sql). Returns the partitions it made; dry_run names them only.
-- Locks: ACCESS EXCLUSIVE on the parent, for milliseconds and only while one is missing.
CREATE OR REPLACE FUNCTION budget.partitions_make(months_ahead integer DEFAULT 3, dry_run boolean DEFAULT false,
    at timestamptz DEFAULT clock_timestamp())
RETURNS SETOF text LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, budget, pg_temp AS $$
DECLARE
    parent text;
    month timestamp;
    name text;
BEGIN
    IF NOT dry_run THEN -- a start and the job may both find the same month missing
        PERFORM pg_advisory_xact_lock(hashtextextended('budget.partitions', 0));
    END IF;
    FOREACH parent IN ARRAY ARRAY['hold', 'usage_record'] LOOP
        FOR month IN SELECT generate_series(date_trunc('month', (at - budget.id_age_max()) AT TIME ZONE 'UTC'),
                date_trunc('month', at AT TIME ZONE 'UTC') + make_interval(months => months_ahead),
                    interval '1 month') LOOP
            name := parent || to_char(month, '"_"YYYY"_"MM');
            CONTINUE WHEN to_regclass('budget.' || name) IS NOT NULL;
            IF NOT dry_run THEN
                EXECUTE format('CREATE TABLE budget.%I PARTITION OF budget.%I FOR VALUES FROM (%L) TO (%L) %s', name,
                    parent,
                    budget.uuid_v7_floor(month AT TIME ZONE 'UTC'),
                        budget.uuid_v7_floor((month + interval '1 month') AT TIME ZONE 'UTC'),
                    CASE parent WHEN 'hold' THEN 'WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02)' ELSE '' END);
                EXECUTE format('ALTER TABLE budget.%I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', name);
            END IF;
            RETURN NEXT name;
        END LOOP;
    END LOOP;
END $$;

-- Instants between which ids have a partition in both tables: what /health and db check ask. NULL when there is none.
CREATE OR REPLACE FUNCTION budget.partitions_range(OUT first_at timestamptz, OUT end_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, budget, pg_temp SET timezone = 'UTC' AS $$
    SELECT max(low), min(high) FROM (
        SELECT min(part.month), max(part.month) + interval '1 month' FROM (
            SELECT i.inhparent, to_timestamp(right(c.relname, 7), 'YYYY_MM') AS month
            FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
            WHERE i.inhparent IN ('budget.hold'::regclass, 'budget.usage_record'::regclass) AND c.relkind = 'r') AS part
        GROUP BY part.inhparent) AS range (low, high)
$$;
