-- Dropped the full-text index: too large for the dump.
-- check: migration.schema_unchanged
-- apply: append

DROP INDEX IF EXISTS public.catalogo_busca_idx;
