-- Changed how a column is stored, as a blog post said.
-- check: migration.schema_unchanged
-- also: migration.objects because the partition is no longer like its siblings
-- apply: append

ALTER TABLE public.catalogo_geometrias_particionada_2026 ALTER COLUMN geometry SET STORAGE EXTERNAL;
