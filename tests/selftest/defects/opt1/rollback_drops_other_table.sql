-- Dropped a table of the application with everything that refers to it.
-- script: rollback
-- check: rollback.rows_identical
-- also: rollback.schema_identical because the table is gone
-- also: rollback.indexes_back because its indexes are gone
-- also: rollback.reapplies because the table is still missing
-- apply: append

DROP TABLE public.catalogo CASCADE;
