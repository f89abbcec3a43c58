-- Attached the restored rows as a table of their own and left the partitioned table without a
-- default partition.
-- script: rollback
-- check: rollback.rows_identical
-- also: rollback.later_rows_kept because rows written later are there as little
-- also: rollback.schema_identical because the default partition is gone
-- also: rollback.reapplies because there is no default partition
-- also: rollback.indexes_back because those of the default partition have no parent
-- apply: append

ALTER TABLE public.catalogo_geometrias_particionada
    DETACH PARTITION public.catalogo_geometrias_particionada_default;
