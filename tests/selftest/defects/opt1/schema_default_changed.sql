-- Changed the default of a column while there.
-- check: migration.schema_unchanged
-- apply: append

ALTER TABLE public.catalogo ALTER COLUMN status SET DEFAULT 'inativo';
