-- Takes OPT4 back: the job and the routines go. The partitions that it made stay: they may hold rows
-- by now, and without rows they cost nothing. OPT1's rollback moves their rows and drops them.
--
-- A run that is under way ends first or is not disturbed: it has its routine already.

SET lock_timeout = '2s';

SET statement_timeout = '15min';

DO $$
DECLARE
    home CONSTANT text := current_setting('cron.database_name', true);
    scheduled CONSTANT text := 'partition horizon of ' || current_database();
BEGIN
    IF EXISTS (SELECT FROM pg_extension WHERE extname = 'pg_cron') THEN
        PERFORM cron.unschedule(jobid) FROM cron.job WHERE jobname = scheduled;
        RAISE NOTICE 'Partition horizon: no longer scheduled with pg_cron in this database';
        IF obj_description(
                (SELECT oid FROM pg_extension WHERE extname = 'pg_cron'), 'pg_extension'
            ) = 'Made by 1770500150_rolling_partition_horizon'
            AND NOT EXISTS (SELECT FROM cron.job)
        THEN
            DROP EXTENSION pg_cron;
        END IF;
    ELSIF home IS NOT NULL THEN
        RAISE NOTICE 'Partition horizon: if it was scheduled, run in the database %: '
            'SELECT cron.unschedule(%)', home, quote_literal(scheduled);
    ELSE
        RAISE NOTICE 'Partition horizon: take it out of the scheduler that calls it';
    END IF;
END
$$;

DROP FUNCTION IF EXISTS public.partition_horizon_job(text);

DROP PROCEDURE IF EXISTS public.extend_partition_horizon(date, integer);

DROP FUNCTION IF EXISTS public.missing_horizon_years(date, integer);

RESET lock_timeout;

RESET statement_timeout;
