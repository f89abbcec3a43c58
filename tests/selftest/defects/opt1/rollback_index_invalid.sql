-- Built an index concurrently and did not look whether it worked.
-- script: rollback
-- check: rollback.indexes_back
-- also: rollback.schema_identical because the index is invalid
-- also: rollback.reapplies because the index is still invalid
-- apply: append

UPDATE pg_catalog.pg_index SET indisvalid = false
WHERE indexrelid = 'public.catalogo_tipo_status_idx'::regclass;
