-- Lowered a statistics target of a single partition.
-- check: migration.objects
-- apply: append

ALTER TABLE public.catalogo_geometrias_particionada_2030 ALTER COLUMN geometry SET STATISTICS 10;
