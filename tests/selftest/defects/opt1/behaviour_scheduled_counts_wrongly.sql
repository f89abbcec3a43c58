-- Logged the scheduled run under another name.
-- check: migration.behaviour.scheduled_partition_maintenance
-- apply: replace

-- <<<
        'scheduled_partition_maintenance',
        CASE
-- >>>
        'maintenance',
        CASE
