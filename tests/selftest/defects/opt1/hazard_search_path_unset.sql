-- Left the fixed search_path off a SECURITY DEFINER function.
-- check: migration.hazards
-- apply: append

ALTER FUNCTION public.scheduled_partition_maintenance() RESET search_path;
