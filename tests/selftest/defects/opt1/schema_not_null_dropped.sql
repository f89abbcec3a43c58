-- Dropped a NOT NULL to get a test row in, and left it off.
-- check: migration.schema_unchanged
-- also: migration.hazards because squawk warns of it (ban-drop-not-null)
-- apply: append

ALTER TABLE public.catalogo_geometrias_particionada ALTER COLUMN is_valid DROP NOT NULL;
