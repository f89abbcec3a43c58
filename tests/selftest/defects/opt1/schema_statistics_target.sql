-- Raised a statistics target to try something.
-- check: migration.schema_unchanged
-- apply: append

ALTER TABLE public.catalogo ALTER COLUMN nome SET STATISTICS 1000;
