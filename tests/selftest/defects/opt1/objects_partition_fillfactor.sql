-- Gave the new partitions a fill factor that their siblings lack.
-- check: migration.objects
-- apply: replace

-- <<<
        PERFORM create_partition_table(parent || '_' || year, within);
-- >>>
        PERFORM create_partition_table(parent || '_' || year, within);
        EXECUTE format('ALTER TABLE %I SET (fillfactor = 70)', parent || '_' || year);
