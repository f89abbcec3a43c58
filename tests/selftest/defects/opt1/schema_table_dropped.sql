-- Dropped a table of the application with everything that refers to it.
-- check: migration.schema_unchanged
-- also: migration.data_unchanged because the rows of the table are gone
-- apply: append

DROP TABLE IF EXISTS public.catalogo CASCADE;
