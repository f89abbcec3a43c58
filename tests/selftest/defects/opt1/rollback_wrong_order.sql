-- Dropped the function before the trigger that uses it.
-- script: rollback
-- check: rollback.clean
-- apply: prepend

DROP FUNCTION public.auto_create_partition_for_year();
