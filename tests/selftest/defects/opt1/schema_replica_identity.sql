-- Set the replica identity for a tool that is no longer in use.
-- check: migration.schema_unchanged
-- apply: append

ALTER TABLE public.catalogo REPLICA IDENTITY FULL;
