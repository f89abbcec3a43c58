-- Left the helper constraint on the default partition.
-- script: rollback
-- check: rollback.schema_identical
-- also: rollback.objects_gone because the constraint was not there before
-- also: rollback.reapplies because the constraint is copied to the new partitions, or keeps rows out
-- apply: replace

-- <<<
            EXECUTE format('ALTER TABLE %I DROP CONSTRAINT partition_condition', rest);
-- >>>
