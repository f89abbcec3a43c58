-- Left an index behind as CREATE INDEX CONCURRENTLY does when it is interrupted.
-- check: migration.indexes_valid
-- also: migration.schema_unchanged because that it is valid is an attribute of the index
-- apply: append

UPDATE pg_catalog.pg_index SET indisvalid = false
WHERE indexrelid = 'public.catalogo_tipo_status_idx'::regclass;
