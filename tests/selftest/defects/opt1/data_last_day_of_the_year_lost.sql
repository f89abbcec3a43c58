-- Took the last day of the year for the upper bound of the rows that are copied and deleted.
-- check: migration.data_unchanged
-- also: migration.behaviour because rows of a new year's last day are lost as well
-- apply: replace

-- <<<
            'data_inicio >= %L AND data_inicio < %L',
            make_date(year, 1, 1), make_date(year + 1, 1, 1)
        );
-- >>>
            'data_inicio >= %L AND data_inicio < %L',
            make_date(year, 1, 1), make_date(year + 1, 1, 1)
        );
        EXECUTE format(
            'DELETE FROM ONLY %I WHERE data_inicio = %L', rest, make_date(year, 12, 31)
        );
