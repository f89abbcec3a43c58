-- Dropped the full-text index: too large for the dump.
-- check: migration.schema_unchanged
-- also: migration.hazards because squawk asks for DROP INDEX CONCURRENTLY
-- apply: append

DROP INDEX IF EXISTS public.catalogo_busca_idx;
