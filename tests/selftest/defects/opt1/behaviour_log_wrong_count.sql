-- Counted the moved rows with a variable that holds something else.
-- check: migration.behaviour.new_year
-- apply: replace

-- <<<
        VALUES ('create_missing_year_partitions', partition_name, status, rows_moved);
-- >>>
        VALUES ('create_missing_year_partitions', partition_name, status, 0);
