-- Took the right to search away from everybody.
-- check: migration.privileges_unchanged
-- apply: append

REVOKE EXECUTE ON FUNCTION public.search_catalogo FROM PUBLIC;
