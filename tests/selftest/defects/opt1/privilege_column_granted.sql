-- Let everybody change one column.
-- check: migration.privileges_unchanged
-- apply: append

GRANT UPDATE (status) ON public.catalogo TO PUBLIC;
