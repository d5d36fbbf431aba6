-- How values look on the wire: times RFC 3339 UTC with microseconds and Z, decimals without trailing zeros.

CREATE OR REPLACE FUNCTION budget.utc(at timestamptz) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
$$;

CREATE OR REPLACE FUNCTION budget.decimal(value numeric) RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT trim_scale(value)
$$;

-- UUIDv7: 48 bits of unix milliseconds, version, 12 bits of the millisecond's fraction (RFC 9562, 6.2: rows made one after
-- the other sort so), random. For rows made by SQL; the hot path makes its ids in C.
CREATE OR REPLACE FUNCTION budget.uuid_v7(at timestamptz DEFAULT clock_timestamp()) RETURNS uuid LANGUAGE sql VOLATILE AS $$
    SELECT (lpad(to_hex(trunc(extract(epoch FROM at) * 1000)::bigint), 12, '0') || '7'
            || lpad(to_hex(trunc(extract(epoch FROM at) * 1000 % 1 * 4096)::integer), 3, '0') || to_hex(8 + (('x' || substr(r, 17, 1))::bit(4)::int & 3)) || substr(r, 18, 15))::uuid
    FROM (SELECT replace(gen_random_uuid()::text, '-', '') AS r) AS random
$$;

-- Smallest UUIDv7 of an instant: bounds for partition pruning and time ranges over ids.
CREATE OR REPLACE FUNCTION budget.uuid_v7_floor(at timestamptz) RETURNS uuid LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT (lpad(to_hex(trunc(extract(epoch FROM at) * 1000)::bigint), 12, '0') || '70008000000000000000')::uuid
$$;

-- How much older than its booking an id that a client brings may be: ID_AGE_MAX_MS of lib/ledger.c.
CREATE OR REPLACE FUNCTION budget.id_age_max() RETURNS interval LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT interval '35 days'
$$;

-- No record that is charged at this instant or later has a smaller id: nothing is charged more than a day (the most that
-- future_minutes may be) after it came in. Leaves older partitions out. Inlines.
CREATE OR REPLACE FUNCTION budget.ids_from(charged timestamptz) RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT budget.uuid_v7_floor(greatest(charged - budget.id_age_max() - interval '1 day', 'epoch'))
$$;

-- Opaque cursor <-> the sort key of the last row seen (text fields).
CREATE OR REPLACE FUNCTION budget.cursor_encode(VARIADIC fields text[]) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT rtrim(translate(encode(convert_to(to_json(fields)::text, 'UTF8'), 'base64'), E'+/\n', '-_'), '=')
$$;

CREATE OR REPLACE FUNCTION budget.cursor_decode(cursor text, fields integer) RETURNS text[] LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    result text[];
BEGIN
    IF cursor IS NULL THEN
        RETURN NULL;
    END IF;
    SELECT array_agg(value ORDER BY ordinality) INTO result FROM json_array_elements_text(convert_from(decode(
        rpad(translate(cursor, '-_', '+/'), ((length(cursor) + 3) / 4) * 4, '='), 'base64'), 'UTF8')::json) WITH ORDINALITY;
    IF cardinality(result) IS DISTINCT FROM fields THEN
        RAISE data_exception;
    END IF;
    RETURN result;
EXCEPTION WHEN data_exception THEN
    PERFORM budget.fail(422, 'invalid_cursor', '?cursor', 'cursor is not one this list gave: take next_cursor of the page before, with the same filters.');
END $$;
