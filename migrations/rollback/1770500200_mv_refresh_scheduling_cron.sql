-- Takes OPT5 back: the job, the routines, the health view, the log and the schedule go. The
-- materialized views stay as they are, and are from now on as old as their last refresh.

SET lock_timeout = '2s';

SET statement_timeout = '15min';

DO $$
DECLARE
    home CONSTANT text := current_setting('cron.database_name', true);
    scheduled CONSTANT text := 'refresh of ' || current_database();
BEGIN
    IF EXISTS (SELECT FROM pg_extension WHERE extname = 'pg_cron') THEN
        PERFORM cron.unschedule(jobid) FROM cron.job WHERE jobname = scheduled;
        RAISE NOTICE 'Refreshes: no longer scheduled with pg_cron in this database';
        IF obj_description(
                (SELECT oid FROM pg_extension WHERE extname = 'pg_cron'), 'pg_extension'
            ) = 'Made by 1770500200_mv_refresh_scheduling_cron'
            AND NOT EXISTS (SELECT FROM cron.job)
        THEN
            DROP EXTENSION pg_cron;
        END IF;
    ELSIF home IS NOT NULL THEN
        RAISE NOTICE 'Refreshes: if they were scheduled, run in the database %: '
            'SELECT cron.unschedule(%)', home, quote_literal(scheduled);
    ELSE
        RAISE NOTICE 'Refreshes: take them out of the scheduler that calls them';
    END IF;
END
$$;

DROP FUNCTION IF EXISTS public.refresh_job();

DROP VIEW IF EXISTS public.refresh_health;

DROP PROCEDURE IF EXISTS public.refresh_due_views(timestamptz);

DROP TABLE IF EXISTS public.refresh_log;

DROP TABLE IF EXISTS public.refresh_schedule;

RESET lock_timeout;

RESET statement_timeout;
