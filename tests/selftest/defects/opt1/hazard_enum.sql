-- Made an enumerated type for the status of the log.
-- check: migration.hazards
-- also: migration.schema_unchanged because nobody announced the type
-- apply: append

DO $$
BEGIN
    IF to_regtype('public.maintenance_status') IS NULL THEN
        CREATE TYPE public.maintenance_status AS ENUM ('CREATED_SUCCESS', 'POSTPONED');
    END IF;
END
$$;
