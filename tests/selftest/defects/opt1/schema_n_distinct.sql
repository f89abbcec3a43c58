-- Told the planner a number of distinct values.
-- check: migration.schema_unchanged
-- apply: append

ALTER TABLE public.catalogo ALTER COLUMN tipo SET (n_distinct = 3);
