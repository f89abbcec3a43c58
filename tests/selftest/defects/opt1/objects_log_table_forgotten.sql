-- Made the log table a temporary one.
-- check: migration.objects
-- also: migration.behaviour because there is no log to write to
-- apply: replace

-- <<<
        CREATE TABLE public.partition_maintenance_log (
-- >>>
        CREATE TEMPORARY TABLE partition_maintenance_log (
-- <<<
        COMMENT ON TABLE public.partition_maintenance_log IS
-- >>>
        COMMENT ON TABLE partition_maintenance_log IS
