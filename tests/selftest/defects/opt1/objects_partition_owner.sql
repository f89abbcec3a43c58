-- Let the new partitions belong to another role than their siblings.
-- check: migration.objects
-- apply: replace

-- <<<
        PERFORM create_partition_table(parent || '_' || year, within);
-- >>>
        PERFORM create_partition_table(parent || '_' || year, within);
        EXECUTE format('ALTER TABLE %I OWNER TO pg_database_owner', parent || '_' || year);
