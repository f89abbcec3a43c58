-- Marked a function as leakproof.
-- check: migration.schema_unchanged
-- apply: append

ALTER FUNCTION public.search_catalogo LEAKPROOF;
