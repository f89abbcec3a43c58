-- Wrote CREATE instead of CREATE OR REPLACE.
-- check: migration.repeatable
-- apply: replace

-- <<<
CREATE OR REPLACE FUNCTION public.scheduled_partition_maintenance()
-- >>>
CREATE FUNCTION public.scheduled_partition_maintenance()
