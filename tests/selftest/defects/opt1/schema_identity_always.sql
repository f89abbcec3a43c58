-- Made an identity column strict: a restore or an import can no longer write its numbers.
-- check: migration.schema_unchanged
-- apply: append

ALTER TABLE public.catalogo ALTER COLUMN id SET GENERATED ALWAYS;
