-- Set the sequence of the geometries back to what it was before the migration.
-- script: rollback
-- check: rollback.schema_identical
-- also: rollback.reapplies because the sequence is behind what was there before the rollback
-- apply: append

SELECT setval('public.catalogo_geometrias_particionada_id_seq', 10);
