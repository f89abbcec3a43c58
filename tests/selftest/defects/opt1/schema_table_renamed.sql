-- Renamed a table of the application.
-- check: migration.schema_unchanged
-- also: migration.data_unchanged because the rows are no longer in the table of that name
-- also: migration.objects because the search that reads it cannot run any more
-- apply: append

DO $$
BEGIN
    IF to_regclass('public.item') IS NULL THEN
        ALTER TABLE public.catalogo RENAME TO item;
    END IF;
END
$$;
