-- OPT5: materialized views are refreshed on a schedule, and whoever asks is told how that goes.
--
-- refresh_schedule says which views, how often, and how old their content may become; OPT3's
-- catalogo_busca is the first. refresh_due_views() is called once a minute and refreshes what is
-- due, each view in a transaction of its own:
--
-- 1. REFRESH MATERIALIZED VIEW CONCURRENTLY, so that searches go on meanwhile.
-- 2. Two runs never refresh one view at the same time: whoever refreshes holds the view's row of
--    refresh_schedule locked, and the lock goes with its transaction, however that ends. A second
--    run does not wait; it says so and records SKIPPED.
-- 3. A failure is recorded in refresh_log with its SQLSTATE and message, and does not keep the
--    other views from their refresh. When all is done and committed, the run ends with an error,
--    so that pg_cron's own record and the exit status of psql show it too.
--
-- refresh_health says of each view: HEALTHY; DEGRADED, its last refresh failed or is overdue, but
-- its content is not too old yet; or STALE, its content is older than allowed, or nobody knows.
--
-- Who starts it: pg_cron where this database has it; where pg_cron keeps its jobs in another
-- database, the statement that refresh_job() returns, run there; without pg_cron any scheduler, by
-- the command that the script prints. docs/scheduling.md has examples. Until the first run the
-- health is STALE, which is true: nothing has been refreshed.
--
-- Sources: PostgreSQL manual, REFRESH MATERIALIZED VIEW; SELECT, The Locking Clause (SKIP LOCKED);
-- 43.8 Transaction Management. pg_cron, README.

SET lock_timeout = '2s';

SET statement_timeout = '15min';

DO $$
BEGIN
    IF to_regclass('public.catalogo_busca') IS NULL THEN
        RAISE object_not_in_prerequisite_state USING
            MESSAGE = 'there is no materialized view public.catalogo_busca to refresh',
            HINT = 'Apply 1770470300_indexed_views_rpc_search.sql first.';
    END IF;
    IF to_regclass('public.refresh_schedule') IS NULL THEN
        CREATE TABLE public.refresh_schedule (
            view_name text PRIMARY KEY,
            every interval NOT NULL CHECK (every >= interval '1 minute'),
            max_staleness interval NOT NULL,
            enabled boolean NOT NULL DEFAULT true,
            attempted_at timestamptz,
            refreshed_at timestamptz,
            CHECK (max_staleness > every)
        );
        COMMENT ON TABLE public.refresh_schedule IS
            'Materialized views that are refreshed on a schedule, with the age that they may reach';
        COMMENT ON COLUMN public.refresh_schedule.refreshed_at IS
            'When the last refresh that succeeded began: the content is as of then';
        INSERT INTO public.refresh_schedule (view_name, every, max_staleness)
        VALUES ('public.catalogo_busca', '5 minutes', '15 minutes');
    END IF;
    IF to_regclass('public.refresh_log') IS NULL THEN
        CREATE TABLE public.refresh_log (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            view_name text NOT NULL,
            started_at timestamptz NOT NULL,
            finished_at timestamptz NOT NULL DEFAULT clock_timestamp(),
            status text NOT NULL CHECK (status IN ('REFRESHED', 'FAILED', 'SKIPPED')),
            sqlstate text,
            detail text NOT NULL DEFAULT ''
        );
        CREATE INDEX refresh_log_view_name_started_at_idx
            ON public.refresh_log (view_name, started_at);
        COMMENT ON TABLE public.refresh_log IS
            'What each scheduled refresh came to; kept for 90 days';
    END IF;
END
$$;

-- For a scheduler, once a minute, or a person. A procedure that commits can have no SET clause, so
-- its names are qualified; it works with the caller's rights, who must own the views.
CREATE OR REPLACE PROCEDURE public.refresh_due_views(p_now timestamptz DEFAULT now())
LANGUAGE plpgsql
AS $$
DECLARE
    due text[];
    name text;
    entry public.refresh_schedule;
    started timestamptz;
    state text;
    problem text;
    failed text[] := '{}';
BEGIN
    -- Whole minutes: a run that began a moment late must not make the next one a minute late.
    SELECT array_agg(view_name ORDER BY refreshed_at NULLS FIRST, view_name) INTO due
    FROM public.refresh_schedule
    WHERE enabled
        AND (attempted_at IS NULL OR date_trunc('minute', attempted_at) + every <= p_now);
    COMMIT;

    FOREACH name IN ARRAY coalesce(due, '{}') LOOP
        started := clock_timestamp();
        state := NULL;
        problem := '';
        SELECT * INTO entry
        FROM public.refresh_schedule
        WHERE view_name = name
        FOR UPDATE SKIP LOCKED;
        IF NOT FOUND THEN
            INSERT INTO public.refresh_log (view_name, started_at, status, detail)
            VALUES (name, started, 'SKIPPED', 'another session is refreshing it');
            RAISE NOTICE 'Refresh of %: SKIPPED, another session is refreshing it', name;
            COMMIT;
            CONTINUE;
        END IF;
        IF date_trunc('minute', entry.attempted_at) + entry.every > p_now THEN
            -- Another session has done it since the list was made.
            COMMIT;
            CONTINUE;
        END IF;
        PERFORM set_config('lock_timeout', '5s', true);
        BEGIN
            EXECUTE format('REFRESH MATERIALIZED VIEW CONCURRENTLY %s', name::regclass);
        EXCEPTION WHEN OTHERS THEN
            GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, problem = MESSAGE_TEXT;
            failed := failed || format('%s (%s)', name, problem);
        END;
        UPDATE public.refresh_schedule
        SET attempted_at = started,
            refreshed_at = CASE WHEN state IS NULL THEN started ELSE refreshed_at END
        WHERE view_name = name;
        INSERT INTO public.refresh_log (view_name, started_at, status, sqlstate, detail)
        VALUES (
            name, started, CASE WHEN state IS NULL THEN 'REFRESHED' ELSE 'FAILED' END, state, problem
        );
        COMMIT;
    END LOOP;

    DELETE FROM public.refresh_log WHERE started_at < now() - interval '90 days';
    COMMIT;
    IF failed <> '{}' THEN
        RAISE object_not_in_prerequisite_state USING
            MESSAGE = 'not refreshed: ' || array_to_string(failed, ', '),
            HINT = 'See refresh_log and refresh_health.';
    END IF;
END
$$;

COMMENT ON PROCEDURE public.refresh_due_views IS
    'Refreshes the materialized views that are due, one run at a time, and records how it went';

REVOKE ALL ON PROCEDURE public.refresh_due_views FROM PUBLIC;

CREATE OR REPLACE VIEW public.refresh_health AS
SELECT
    s.view_name,
    CASE
        WHEN s.refreshed_at IS NULL OR now() - s.refreshed_at > s.max_staleness THEN 'STALE'
        WHEN last.status = 'FAILED' OR now() - s.refreshed_at > 2 * s.every THEN 'DEGRADED'
        ELSE 'HEALTHY'
    END AS health,
    now() - s.refreshed_at AS staleness,
    s.max_staleness,
    s.refreshed_at,
    last.status AS last_status,
    last.started_at AS last_started_at,
    last.detail AS last_detail
FROM public.refresh_schedule AS s
LEFT JOIN LATERAL (
    SELECT l.status, l.started_at, l.detail
    FROM public.refresh_log AS l
    WHERE l.view_name = s.view_name AND l.status <> 'SKIPPED'
    ORDER BY l.started_at DESC, l.id DESC
    LIMIT 1
) AS last ON true;

COMMENT ON VIEW public.refresh_health IS
    'HEALTHY, DEGRADED (failed or overdue) or STALE (too old) for each scheduled view';

-- pg_monitor is PostgreSQL's own role for those who watch.
GRANT SELECT ON public.refresh_health TO pg_monitor;

-- One text for both ways: executed here where pg_cron is here, printed where it is elsewhere.
CREATE OR REPLACE FUNCTION public.refresh_job()
RETURNS text
LANGUAGE sql
STABLE
SECURITY INVOKER
SET search_path = public, pg_temp
AS $$
    SELECT format(
        'SELECT cron.schedule_in_database(%L, %L, %L, %L)',
        'refresh of ' || current_database(),
        '* * * * *',
        'CALL public.refresh_due_views()',
        current_database()
    )
$$;

COMMENT ON FUNCTION public.refresh_job IS
    'The statement that schedules the refreshes, for the database that pg_cron keeps its jobs in';

REVOKE ALL ON FUNCTION public.refresh_job FROM PUBLIC;

-- The extension can only be in the one database that cron.database_name names.
DO $$
DECLARE
    home CONSTANT text := current_setting('cron.database_name', true);
BEGIN
    IF home = current_database() THEN
        IF NOT EXISTS (SELECT FROM pg_extension WHERE extname = 'pg_cron') THEN
            CREATE EXTENSION pg_cron;
            COMMENT ON EXTENSION pg_cron IS 'Made by 1770500200_mv_refresh_scheduling_cron';
        END IF;
        EXECUTE public.refresh_job();
        RAISE NOTICE 'Refreshes: scheduled with pg_cron in this database';
    ELSIF home IS NOT NULL THEN
        RAISE NOTICE 'Refreshes: pg_cron keeps its jobs in the database %; run there: %',
            home, public.refresh_job();
    ELSE
        RAISE NOTICE 'Refreshes: no pg_cron on this server; schedule once a minute: '
            'psql --no-psqlrc --set=ON_ERROR_STOP=1 --dbname=% '
            '--command=''CALL public.refresh_due_views()''', current_database();
    END IF;
END
$$;

RESET lock_timeout;

RESET statement_timeout;
