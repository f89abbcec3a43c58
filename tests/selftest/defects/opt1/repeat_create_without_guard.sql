-- Created the log table without asking whether it is there.
-- check: migration.repeatable
-- apply: replace

-- <<<
    IF to_regclass('public.partition_maintenance_log') IS NULL THEN
        CREATE TABLE
-- >>>
    IF true THEN
        CREATE TABLE
