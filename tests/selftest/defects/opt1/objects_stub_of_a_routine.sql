-- Put a stub in for the scheduled maintenance and meant to come back.
-- check: migration.behaviour.scheduled_partition_maintenance
-- apply: append

CREATE OR REPLACE FUNCTION public.scheduled_partition_maintenance()
RETURNS integer
LANGUAGE sql
AS 'SELECT 0';

COMMENT ON FUNCTION public.scheduled_partition_maintenance IS 'TODO';

REVOKE ALL ON FUNCTION public.scheduled_partition_maintenance FROM PUBLIC;
