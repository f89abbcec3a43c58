-- Renamed a status that a dashboard reads.
-- check: migration.behaviour.create_missing_year_partitions
-- apply: replace

-- <<<
        status := 'CREATED_SUCCESS';
-- >>>
        status := 'CREATED';
