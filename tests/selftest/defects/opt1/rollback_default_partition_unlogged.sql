-- Made the new default partition UNLOGGED.
-- script: rollback
-- check: rollback.schema_identical
-- also: rollback.reapplies because the partition is still UNLOGGED
-- also: rollback.hazards because the table is rewritten under its lock
-- apply: append

ALTER TABLE public.catalogo_geometrias_particionada_default SET UNLOGGED;
