-- Copied only the valid geometries of each year and deleted all of them from the default partition.
-- check: migration.data_unchanged
-- apply: replace

-- <<<
            'INSERT INTO %1$I (%2$s) SELECT %2$s FROM ONLY %3$I WHERE %4$s ORDER BY geometry',
-- >>>
            'INSERT INTO %1$I (%2$s) SELECT %2$s FROM ONLY %3$I WHERE is_valid AND %4$s'
            ' ORDER BY geometry',
