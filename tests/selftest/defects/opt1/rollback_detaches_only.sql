-- Detached the partitions and never put their rows back.
-- script: rollback
-- check: rollback.rows_identical
-- also: rollback.later_rows_kept because rows of those years are lost as well
-- also: rollback.objects_gone because the detached tables stay
-- also: rollback.schema_identical because the detached tables stay
-- also: rollback.reapplies because the detached tables have the names of the partitions
-- apply: prepend

SET lock_timeout = '1s';

DO $$
DECLARE
    year integer;
BEGIN
    FOR year IN 2029..2035 LOOP
        EXECUTE format(
            'ALTER TABLE public.catalogo_geometrias_particionada'
            ' DETACH PARTITION public.catalogo_geometrias_particionada_%s', year
        );
    END LOOP;
END
$$;
