-- Dropped the partitions of 2029 to 2035 with their rows.
-- script: rollback
-- check: rollback.rows_identical
-- also: rollback.later_rows_kept because rows of those years are lost as well
-- also: rollback.reapplies because their rows are still missing
-- apply: prepend

SET lock_timeout = '1s';

DO $$
DECLARE
    year integer;
BEGIN
    FOR year IN 2029..2035 LOOP
        EXECUTE format('DROP TABLE public.catalogo_geometrias_particionada_%s', year);
    END LOOP;
END
$$;
