-- OPT4: the partitions of this year and of the next five are always there.
--
-- OPT1 made the years up to 2035 and makes a later one when its first row arrives; that row's
-- transaction then pays for it. Here the years are made ahead of their rows, while they are empty
-- and cost nothing: extend_partition_horizon() looks at a date, today unless told otherwise, and
-- lets OPT1's create_missing_year_partitions() make what is missing from that year to five years
-- later. Rows that a trigger had to leave in the default partition move into their year as well.
-- Nothing is detached or dropped.
--
-- Each year is a transaction of its own. What OPT1's routine promises holds here too: rows are
-- copied beforehand, ACCESS EXCLUSIVE is taken for ATTACH PARTITION alone, and every lock is asked
-- for with a timeout and tried again. A run that finds nothing to do takes no lock that anybody
-- could notice. Every run leaves a row in partition_maintenance_log; one that could not make a year
-- says so there first and then ends with an error, so that whoever started it is told.
--
-- Who starts it: pg_cron where this database has it, every night at 03:15 GMT; else any scheduler,
-- by the command that the script prints; docs/scheduling.md has examples. The turn of a year needs
-- no care: with five years in hand it does not matter in which time zone it is midnight.
--
-- pg_partman was considered: it keeps partitions ahead as well. It was not taken: its maintenance
-- cannot make a partition whose rows are in the default partition already; the call that moves them
-- takes them out, makes the partition and copies them back under its exclusive lock; it names
-- partitions its own way (…_p2036) and would have to adopt OPT1's; and it is one more extension to
-- install and to upgrade, for one partition a year.
--
-- Sources: PostgreSQL manual, 5.11.2 Declarative Partitioning; 43.8 Transaction Management.
-- pg_cron, README. pg_partman, doc/pg_partman.md (run_maintenance, partition_data_proc).

SET lock_timeout = '2s';

SET statement_timeout = '15min';

-- The years from that of p_today to p_years_ahead later that have no partition yet.
CREATE OR REPLACE FUNCTION public.missing_horizon_years(
    p_today date DEFAULT current_date,
    p_years_ahead integer DEFAULT 5
)
RETURNS SETOF integer
LANGUAGE sql
STABLE
SECURITY INVOKER
SET search_path = public, pg_temp
AS $$
    SELECT wanted
    FROM generate_series(
        extract(year FROM p_today)::integer,
        extract(year FROM p_today)::integer + p_years_ahead
    ) AS wanted
    WHERE NOT EXISTS (
        SELECT FROM pg_inherits
        WHERE inhparent = 'catalogo_geometrias_particionada'::regclass
            AND inhrelid = to_regclass('catalogo_geometrias_particionada_' || wanted)
    )
    ORDER BY wanted
$$;

COMMENT ON FUNCTION public.missing_horizon_years IS
    'Years up to five from now that have no partition; none when all is well';

-- For a scheduler or a person. A procedure that commits can have no SET clause, so its names are
-- qualified; it works with the caller's rights, and the routine that needs more has its own.
CREATE OR REPLACE PROCEDURE public.extend_partition_horizon(
    p_today date DEFAULT current_date,
    p_years_ahead integer DEFAULT 5
)
LANGUAGE plpgsql
AS $$
DECLARE
    attempts CONSTANT integer := 25;
    years text[];
    year text;
    moved_now bigint;
    problem text;
    is_lock boolean;
    made text[] := '{}';
    moved bigint := 0;
    postponed text[] := '{}';
    failed text[] := '{}';
BEGIN
    IF p_today IS NULL OR p_today NOT BETWEEN DATE '1000-01-01' AND DATE '9900-12-31'
        OR p_years_ahead IS NULL OR p_years_ahead NOT BETWEEN 0 AND 50
    THEN
        RAISE invalid_parameter_value USING
            MESSAGE = format('no horizon of %s years from %s', p_years_ahead, p_today),
            HINT = 'Give a date, and 0 to 50 years.';
    END IF;
    SELECT array_agg(wanted ORDER BY wanted) INTO years
    FROM (
        SELECT missing::text
        FROM public.missing_horizon_years(p_today, p_years_ahead) AS missing
        UNION
        SELECT to_char(data_inicio, 'YYYY')
        FROM ONLY public.catalogo_geometrias_particionada_default
        WHERE data_inicio BETWEEN DATE '1000-01-01' AND DATE '9999-12-31'
    ) AS found (wanted);
    COMMIT;

    FOREACH year IN ARRAY coalesce(years, '{}') LOOP
        FOR attempt IN 1..attempts LOOP
            problem := NULL;
            moved_now := NULL;
            BEGIN
                SELECT result.rows_moved INTO moved_now
                FROM public.create_missing_year_partitions(year) AS result;
            EXCEPTION
                WHEN lock_not_available THEN
                    problem := SQLERRM;
                    is_lock := true;
                WHEN OTHERS THEN
                    problem := SQLERRM;
                    is_lock := false;
            END;
            COMMIT;
            EXIT WHEN problem IS NULL OR NOT is_lock;
            PERFORM pg_sleep(0.2 + random() * 0.3);
        END LOOP;
        IF problem IS NULL THEN
            -- NULL: another session has made it meanwhile.
            made := made || CASE WHEN moved_now IS NULL THEN '{}' ELSE ARRAY[year] END;
            moved := moved + coalesce(moved_now, 0);
        ELSIF is_lock THEN
            postponed := postponed || (year || ': ' || problem);
        ELSE
            failed := failed || (year || ': ' || problem);
        END IF;
    END LOOP;

    INSERT INTO public.partition_maintenance_log (routine, status, rows_moved, detail)
    VALUES (
        'extend_partition_horizon',
        CASE
            WHEN failed <> '{}' THEN 'FAILED'
            WHEN postponed <> '{}' THEN 'POSTPONED'
            ELSE 'COMPLETED'
        END,
        moved,
        concat_ws(
            '; ',
            format(
                'years %s to %s',
                extract(year FROM p_today), extract(year FROM p_today) + p_years_ahead
            ),
            'made ' || nullif(array_to_string(made, ', '), ''),
            nullif(array_to_string(failed || postponed, '; '), '')
        )
    );
    COMMIT;
    IF failed || postponed <> '{}' THEN
        RAISE object_not_in_prerequisite_state USING
            MESSAGE = 'partitions are missing: ' || array_to_string(failed || postponed, '; '),
            HINT = 'See partition_maintenance_log, mend the cause, and call it again.';
    END IF;
END
$$;

COMMENT ON PROCEDURE public.extend_partition_horizon IS
    'Makes the partitions from the year of a date to five years later, while others go on working';

REVOKE ALL ON PROCEDURE public.extend_partition_horizon FROM PUBLIC;

-- One text for both ways: executed here where pg_cron is here, printed where it is elsewhere.
CREATE OR REPLACE FUNCTION public.partition_horizon_job(p_schedule text DEFAULT '15 3 * * *')
RETURNS text
LANGUAGE sql
STABLE
SECURITY INVOKER
SET search_path = public, pg_temp
AS $$
    SELECT format(
        'SELECT cron.schedule_in_database(%L, %L, %L, %L)',
        'partition horizon of ' || current_database(),
        p_schedule,
        'CALL public.extend_partition_horizon()',
        current_database()
    )
$$;

COMMENT ON FUNCTION public.partition_horizon_job IS
    'The statement that schedules the horizon, for the database that pg_cron keeps its jobs in';

REVOKE ALL ON FUNCTION public.partition_horizon_job FROM PUBLIC;

-- The extension can only be in the one database that cron.database_name names.
DO $$
DECLARE
    home CONSTANT text := current_setting('cron.database_name', true);
BEGIN
    IF home = current_database() THEN
        IF NOT EXISTS (SELECT FROM pg_extension WHERE extname = 'pg_cron') THEN
            CREATE EXTENSION pg_cron;
            COMMENT ON EXTENSION pg_cron IS 'Made by 1770500150_rolling_partition_horizon';
        END IF;
        EXECUTE public.partition_horizon_job();
        RAISE NOTICE 'Partition horizon: scheduled with pg_cron in this database';
    ELSIF home IS NOT NULL THEN
        RAISE NOTICE 'Partition horizon: pg_cron keeps its jobs in the database %; run there: %',
            home, public.partition_horizon_job();
    ELSE
        RAISE NOTICE 'Partition horizon: no pg_cron on this server; schedule once a day: '
            'psql --no-psqlrc --set=ON_ERROR_STOP=1 --dbname=% '
            '--command=''CALL public.extend_partition_horizon()''', current_database();
    END IF;
END
$$;

RESET lock_timeout;

RESET statement_timeout;
