-- Lost the comment of the partitioned table.
-- script: rollback
-- check: rollback.schema_identical
-- also: rollback.reapplies because the comment is still missing
-- apply: append

COMMENT ON TABLE public.catalogo_geometrias_particionada IS NULL;
