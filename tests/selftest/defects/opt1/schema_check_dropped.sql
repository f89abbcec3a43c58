-- Dropped a check constraint that was in the way.
-- check: migration.schema_unchanged
-- also: migration.hazards because squawk warns of it (ban-drop-constraint)
-- apply: append

ALTER TABLE public.catalogo DROP CONSTRAINT IF EXISTS catalogo_status_check;
