-- Left the line that logs new partitions commented out.
-- check: migration.behaviour.new_year
-- apply: replace

-- <<<
        INSERT INTO partition_maintenance_log (routine, partition_name, status, rows_moved)
        VALUES ('create_missing_year_partitions', partition_name, status, rows_moved);
-- >>>
