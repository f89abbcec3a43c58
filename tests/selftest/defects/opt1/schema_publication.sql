-- Left a publication behind.
-- check: migration.schema_unchanged
-- also: migration.silence because the server warns that its wal_level does not suffice
-- apply: append

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_publication) THEN
        CREATE PUBLICATION everything FOR TABLE public.catalogo;
    END IF;
END
$$;
