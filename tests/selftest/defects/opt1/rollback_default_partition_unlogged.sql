-- Made the new default partition UNLOGGED.
-- script: rollback
-- check: rollback.schema_identical
-- apply: append

ALTER TABLE public.catalogo_geometrias_particionada_default SET UNLOGGED;
