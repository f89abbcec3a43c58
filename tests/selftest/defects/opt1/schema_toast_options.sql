-- Left an option on the TOAST table.
-- check: migration.schema_unchanged
-- apply: append

ALTER TABLE public.catalogo SET (toast.autovacuum_enabled = false);
