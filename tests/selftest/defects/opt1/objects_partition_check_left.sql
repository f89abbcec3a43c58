-- Left the helper constraint on every new partition.
-- check: migration.objects
-- apply: replace

-- <<<
                EXECUTE format('ALTER TABLE %s DROP CONSTRAINT partition_condition', relation);
-- >>>
