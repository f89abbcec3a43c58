-- Switched autovacuum off for the migration and left it off.
-- check: migration.schema_unchanged
-- also: migration.objects because the partition is no longer like its siblings
-- apply: append

ALTER TABLE public.catalogo_geometrias_particionada_2027 SET (autovacuum_enabled = false);
