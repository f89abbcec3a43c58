-- Touched a row on the way, and with it the time of its last change.
-- check: migration.data_unchanged
-- apply: append

UPDATE public.catalogo_geometrias_particionada SET updated_at = '2026-02-06 22:00:00+00' WHERE id = 1234;
