-- Read only the first year of a range.
-- check: migration.behaviour.create_missing_year_partitions
-- apply: replace

-- <<<
    FOR year IN split_part(p_years, '-', 1)..regexp_replace(p_years, '.*-', '') LOOP
-- >>>
    FOR year IN split_part(p_years, '-', 1)..split_part(p_years, '-', 1) LOOP
