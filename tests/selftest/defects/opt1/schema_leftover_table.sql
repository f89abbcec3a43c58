-- Left the safety copy of a table behind.
-- check: migration.schema_unchanged
-- apply: append

DO $$
BEGIN
    IF to_regclass('public.catalogo_backup_20260206') IS NULL THEN
        CREATE TABLE public.catalogo_backup_20260206 (id bigint PRIMARY KEY, nome text);
    END IF;
END
$$;
