-- Created the procedure without OR REPLACE.
-- check: migration.repeatable
-- apply: replace

-- <<<
CREATE OR REPLACE PROCEDURE public.extend_partition_horizon
-- >>>
CREATE PROCEDURE public.extend_partition_horizon
