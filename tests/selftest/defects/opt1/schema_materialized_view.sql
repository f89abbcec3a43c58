-- Left a materialized view behind.
-- check: migration.schema_unchanged
-- apply: append

DO $$
BEGIN
    IF to_regclass('public.areas') IS NULL THEN
        CREATE MATERIALIZED VIEW public.areas AS SELECT 1 AS a;
    END IF;
END
$$;
