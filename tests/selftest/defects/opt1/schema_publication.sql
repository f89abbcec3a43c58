-- Left a publication behind.
-- check: migration.schema_unchanged
-- apply: append

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_publication) THEN
        CREATE PUBLICATION everything FOR TABLE public.catalogo;
    END IF;
END
$$;
