-- Dropped the spatial index and did not make it again.
-- script: rollback
-- check: rollback.indexes_back
-- also: rollback.schema_identical because an index is missing
-- also: rollback.reapplies because an index is missing
-- apply: append

DROP INDEX public.catalogo_geometrias_particionada_geometry_idx;
