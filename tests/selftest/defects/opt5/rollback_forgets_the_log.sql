-- Left the log behind: the next attempt finds entries of the last one.
-- check: rollback.objects_gone
-- script: rollback
-- also: rollback.schema_identical because it was not there before
-- apply: replace

-- <<<
DROP TABLE IF EXISTS public.refresh_log;

-- >>>
