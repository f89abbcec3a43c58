-- Overwrote the comment of a table with a note to self.
-- check: migration.schema_unchanged
-- apply: append

COMMENT ON TABLE public.catalogo IS 'ask on Monday whether this can go';
