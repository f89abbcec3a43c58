-- Made the search function VOLATILE while debugging.
-- check: migration.schema_unchanged
-- apply: append

ALTER FUNCTION public.search_catalogo VOLATILE;
