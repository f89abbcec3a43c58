-- Switched deduplication off in an index.
-- check: migration.schema_unchanged
-- apply: append

ALTER INDEX public.catalogo_tipo_status_idx SET (deduplicate_items = off);
