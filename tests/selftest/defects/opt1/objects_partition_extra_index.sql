-- Added an index to the new partitions alone.
-- check: migration.objects
-- apply: replace

-- <<<
        PERFORM index_partition_table(parent || '_' || year);
-- >>>
        PERFORM index_partition_table(parent || '_' || year);
        EXECUTE format('CREATE INDEX ON %I (tipo_uso)', parent || '_' || year);
