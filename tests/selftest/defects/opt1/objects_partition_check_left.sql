-- Left the helper constraint on every new partition.
-- check: migration.objects
-- apply: replace

-- <<<
                EXECUTE format('ALTER TABLE %I DROP CONSTRAINT partition_year', partition_name);
-- >>>
