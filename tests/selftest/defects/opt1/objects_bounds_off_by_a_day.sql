-- Took the last day of the year for the upper bound, which PostgreSQL excludes.
-- check: migration.behaviour.partition_bounds
-- apply: replace

-- <<<
            make_date(year, 1, 1), make_date(year + 1, 1, 1)
        );

        EXECUTE format(
            'CREATE TABLE
-- >>>
            make_date(year, 1, 1), make_date(year, 12, 31)
        );

        EXECUTE format(
            'CREATE TABLE
-- <<<
                    parent, partition_name, make_date(year, 1, 1), make_date(year + 1, 1, 1)
-- >>>
                    parent, partition_name, make_date(year, 1, 1), make_date(year, 12, 31)
