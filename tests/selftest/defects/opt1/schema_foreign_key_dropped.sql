-- Dropped the foreign key to move rows faster, and never put it back.
-- check: migration.schema_unchanged
-- also: migration.hazards because squawk warns of it (ban-drop-constraint)
-- apply: append

ALTER TABLE public.catalogo_geometrias_particionada
    DROP CONSTRAINT IF EXISTS catalogo_geometrias_particionada_catalogo_id_fkey;
