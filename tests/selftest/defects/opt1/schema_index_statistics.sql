-- Raised the statistics target of the expression of an index.
-- check: migration.schema_unchanged
-- apply: append

ALTER INDEX public.catalogo_busca_idx ALTER COLUMN 1 SET STATISTICS 500;
