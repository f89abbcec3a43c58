-- Renamed a column.
-- check: migration.schema_unchanged
-- also: migration.data_unchanged because the values are no longer in the column of that name
-- also: migration.objects because the search that reads it cannot run any more
-- apply: append

DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_attribute WHERE attrelid = 'public.catalogo'::regclass AND attname = 'nome') THEN
        ALTER TABLE public.catalogo RENAME COLUMN nome TO name;
    END IF;
END
$$;
