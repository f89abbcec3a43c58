-- Told the planner that a function is free, to win a benchmark.
-- check: migration.schema_unchanged
-- apply: append

ALTER FUNCTION public.search_catalogo ROWS 1;
