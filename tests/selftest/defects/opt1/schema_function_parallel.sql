-- Marked a function as safe to run in parallel.
-- check: migration.schema_unchanged
-- apply: append

ALTER FUNCTION public.search_catalogo PARALLEL SAFE;
