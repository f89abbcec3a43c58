-- Made the new default partition UNLOGGED.
-- script: rollback
-- check: rollback.schema_identical
-- also: rollback.reapplies because the partition is still UNLOGGED
-- apply: append

ALTER TABLE public.catalogo_geometrias_particionada_default SET UNLOGGED;
