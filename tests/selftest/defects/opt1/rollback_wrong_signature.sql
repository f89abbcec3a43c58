-- Dropped a function under a signature that it does not have; IF EXISTS keeps quiet about it.
-- script: rollback
-- check: rollback.objects_gone
-- also: rollback.schema_identical because the function stays
-- apply: replace

-- <<<
DROP FUNCTION IF EXISTS public.create_missing_year_partitions(text);
-- >>>
DROP FUNCTION IF EXISTS public.create_missing_year_partitions(integer);
