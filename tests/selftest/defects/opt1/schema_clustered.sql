-- Marked a table as clustered on an index.
-- check: migration.schema_unchanged
-- apply: append

ALTER TABLE public.catalogo CLUSTER ON catalogo_pkey;
