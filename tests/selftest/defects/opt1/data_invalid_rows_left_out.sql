-- Copied only the valid geometries of each year and deleted all of them from the default partition.
-- check: migration.data_unchanged
-- apply: replace

-- <<<
rest, within, partition_name, columns
        ) INTO ids
-- >>>
rest, within || ' AND is_valid', partition_name, columns
        ) INTO ids
-- <<<
                    '     SELECT ctid AS place, xmin AS version FROM ONLY %I WHERE %s'
-- >>>
                    '     SELECT ctid AS place, xmin AS version FROM ONLY %I WHERE is_valid AND %s'
