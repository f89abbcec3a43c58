-- Dropped the partitions ahead of the data, together with those that hold some.
-- check: rollback.rows_identical
-- script: rollback
-- also: rollback.schema_identical because OPT1 had made them
-- also: rollback.later_rows_kept because rows were written there since
-- also: rollback.indexes_back because theirs went with them
-- also: rollback.reapplies because OPT1 is not applied again
-- apply: append

DROP TABLE public.catalogo_geometrias_particionada_2035;
