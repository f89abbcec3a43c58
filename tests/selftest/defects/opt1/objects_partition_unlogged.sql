-- Made the new partitions UNLOGGED to load them faster.
-- check: migration.objects
-- also: migration.schema_unchanged because no table is announced to be UNLOGGED
-- apply: replace

-- <<<
        PERFORM create_partition_table(parent || '_' || year, within);
-- >>>
        PERFORM create_partition_table(parent || '_' || year, within);
        EXECUTE format('ALTER TABLE %I SET UNLOGGED', parent || '_' || year);
