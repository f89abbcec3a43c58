-- Set NOT NULL on a full table.
-- check: migration.hazards
-- also: migration.schema_unchanged because the column is another one
-- also: migration.data_unchanged because missing uses are filled in first
-- apply: append

UPDATE public.catalogo_geometrias_particionada SET tipo_uso = '' WHERE tipo_uso IS NULL;

ALTER TABLE public.catalogo_geometrias_particionada ALTER COLUMN tipo_uso SET NOT NULL;
