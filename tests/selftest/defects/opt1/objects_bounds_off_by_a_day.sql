-- Took the last day of the year for the upper bound, which PostgreSQL excludes.
-- check: migration.behaviour.partition_bounds
-- apply: replace

-- <<<
            make_date(year, 1, 1), make_date(year + 1, 1, 1)
        );
        elsewhere
-- >>>
            make_date(year, 1, 1), make_date(year, 12, 31)
        );
        elsewhere
-- <<<
                    parent, relation, make_date(year, 1, 1), make_date(year + 1, 1, 1)
-- >>>
                    parent, relation, make_date(year, 1, 1), make_date(year, 12, 31)
