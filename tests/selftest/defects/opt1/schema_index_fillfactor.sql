-- Left a fill factor on an index.
-- check: migration.schema_unchanged
-- apply: append

ALTER INDEX public.catalogo_pkey SET (fillfactor = 50);
