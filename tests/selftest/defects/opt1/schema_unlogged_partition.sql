-- Made an old partition UNLOGGED for speed: a crash would empty it.
-- check: migration.schema_unchanged
-- also: migration.objects because the partition is no longer like its siblings
-- apply: append

ALTER TABLE public.catalogo_geometrias_particionada_2026 SET UNLOGGED;
