-- Left an index behind as CREATE INDEX CONCURRENTLY does when it is interrupted.
-- check: migration.schema_unchanged
-- apply: append

UPDATE pg_catalog.pg_index SET indisvalid = false
WHERE indexrelid = 'public.catalogo_tipo_status_idx'::regclass;
