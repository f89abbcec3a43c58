-- Renamed an index after the house rules of the last company.
-- check: migration.schema_unchanged
-- apply: append

ALTER INDEX IF EXISTS public.catalogo_tipo_status_idx RENAME TO idx_catalogo_tipo_status;
