-- Took the last day of the year for the upper bound of the rows that are copied and deleted.
-- check: migration.data_unchanged
-- also: migration.behaviour because rows of a new year's last day are lost as well
-- apply: replace

-- <<<
            parent || '_' || year, columns, rest, within
-- >>>
            parent || '_' || year, columns, rest,
            format('%s AND data_inicio <> %L', within, make_date(year, 12, 31))
-- <<<
        PERFORM create_partition_table(partition_name, within);
-- >>>
        EXECUTE format(
            'DELETE FROM ONLY %I WHERE data_inicio = %L', rest, make_date(year, 12, 31)
        );
        PERFORM create_partition_table(partition_name, within);
