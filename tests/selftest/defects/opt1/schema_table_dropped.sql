-- Dropped a table of the application with everything that refers to it.
-- check: migration.schema_unchanged
-- also: migration.data_unchanged because the rows of the table are gone
-- also: migration.objects because the search that reads it cannot run any more
-- apply: append

DROP TABLE IF EXISTS public.catalogo CASCADE;
