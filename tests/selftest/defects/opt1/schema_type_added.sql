-- Left a domain behind that is used nowhere.
-- check: migration.schema_unchanged
-- apply: append

DO $$
BEGIN
    IF to_regtype('public.year_of_use') IS NULL THEN
        CREATE DOMAIN public.year_of_use AS integer CHECK (VALUE BETWEEN 2026 AND 2099);
    END IF;
END
$$;
