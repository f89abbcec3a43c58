-- Forgot the partitions that the trigger has made since.
-- script: rollback
-- check: rollback.later_rows_kept
-- also: rollback.reapplies because later rows are still missing
-- apply: prepend

SET lock_timeout = '1s';

DO $$
DECLARE
    partition regclass;
BEGIN
    FOR partition IN
        SELECT inhrelid FROM pg_inherits
        WHERE inhparent = 'public.catalogo_geometrias_particionada'::regclass
            AND right(inhrelid::regclass::text, 4) ~ '^20(3[6-9]|4[0-9])$'
    LOOP
        EXECUTE format('DROP TABLE %s', partition);
    END LOOP;
END
$$;
