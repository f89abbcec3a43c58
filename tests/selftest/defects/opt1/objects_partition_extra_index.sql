-- Added an index to the new partitions alone.
-- check: migration.objects
-- apply: replace

-- <<<
        EXECUTE format('ANALYZE %I', partition_name);
-- >>>
        EXECUTE format('CREATE INDEX ON %I (tipo_uso)', partition_name);
        EXECUTE format('ANALYZE %I', partition_name);
