-- Left the procedure behind: the scheduler goes on calling it.
-- check: rollback.objects_gone
-- script: rollback
-- also: rollback.schema_identical because it was not there before
-- apply: replace

-- <<<
DROP PROCEDURE IF EXISTS public.extend_partition_horizon(date, integer);

-- >>>
