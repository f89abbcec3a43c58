-- Took the right to read away from everybody.
-- check: migration.privileges_unchanged
-- apply: append

REVOKE SELECT ON public.catalogo_geometrias_particionada FROM PUBLIC;
