-- Took the fixed search_path off the search function.
-- check: migration.schema_unchanged
-- apply: append

ALTER FUNCTION public.search_catalogo RESET search_path;
