-- OPT1: one partition for each calendar year from 2029 to 2035, and for every later year when its
-- first row arrives.
--
-- Everything dated 2029 or later has piled up in the default partition. Here it moves, year by year
-- and in Hilbert order, into partitions of its own, while readers and writers go on:
--
-- 1. A year's rows are copied into a table of its own without any lock that stops others, ordered
--    by geometry (PostGIS sorts by the Hilbert code of the bounding box's centre), so that
--    neighbours on the ground are neighbours on disk. Each copy is remembered by the ctid and xmin
--    of its source. Indexes, a CHECK equal to the partition's bounds and statistics follow.
-- 2. SHARE ROW EXCLUSIVE on the partitioned table stops writers, not readers. Rows inserted, changed
--    or deleted since the copy are exactly those whose (ctid, xmin) differ; they are put right and
--    the year is deleted from the default partition.
--    The lock is on the partitioned table, not on the default partition, because a writer who waits
--    at the default partition has been routed there already and would fail once the year is
--    attached.
-- 3. ACCESS EXCLUSIVE on the partitioned table, for ATTACH PARTITION alone. ATTACH by itself would
--    let readers in who have planned without the new partition and would miss its rows.
--
-- Every lock is asked for with a lock_timeout below deadlock_timeout and tried again after a pause:
-- who queues behind the request waits no longer than that, and no one else is ever chosen as the
-- victim of a deadlock.
--
-- Not safe for a REPEATABLE READ transaction that began before the move and touches the table for
-- the first time after it: a query pruned to the new partition sees none of its rows. The same holds
-- for every form of ALTER TABLE that moves rows.
--
-- Sources: PostgreSQL manual, 5.11.2.2 Partition Maintenance; ALTER TABLE, ATTACH PARTITION;
-- 13.3 Explicit Locking; 13.5 Caveats; 5.5.6 System Columns; CREATE TRIGGER; CREATE FUNCTION,
-- Writing SECURITY DEFINER Functions Safely. PostGIS manual, Spatial Indexes (Hilbert order).

SET lock_timeout = '100ms';

SET statement_timeout = '15min';

DO $$
BEGIN
    IF to_regclass('public.catalogo_geometrias_particionada_default_alteradas') IS NOT NULL THEN
        RAISE object_not_in_prerequisite_state USING
            MESSAGE = 'the rollback of this migration was interrupted',
            HINT = 'Run it to its end, then this script again.';
    END IF;
    IF to_regclass('public.partition_maintenance_log') IS NULL THEN
        CREATE TABLE public.partition_maintenance_log (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            logged_at timestamptz NOT NULL DEFAULT clock_timestamp(),
            routine text NOT NULL,
            partition_name text,
            status text NOT NULL,
            rows_moved bigint NOT NULL DEFAULT 0,
            detail text NOT NULL DEFAULT ''
        );
        COMMENT ON TABLE public.partition_maintenance_log IS
            'What the partition routines did, and what they had to postpone';
    END IF;
END
$$;

-- Makes the partitions of the years given ('2036', '2029-2035') that do not exist yet and moves
-- their rows out of the default partition, in the caller's transaction. An error with SQLSTATE 55P03
-- says that the locks could not be had in time; nothing is changed then.
CREATE OR REPLACE FUNCTION public.create_missing_year_partitions(p_years text)
RETURNS TABLE (partition_name text, status text, rows_moved bigint)
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = public, pg_temp
SET lock_timeout = '100ms'
AS $$
#variable_conflict use_variable
DECLARE
    parent CONSTANT text := 'catalogo_geometrias_particionada';
    rest CONSTANT text := 'catalogo_geometrias_particionada_default';
    attempts CONSTANT integer := 4;
    columns text;
    options text;
    within text;
    command text;
    ids bigint[];
    dates date[];
    places tid[];
    versions xid[];
    old_ids bigint[];
    old_dates date[];
    new_places tid[];
BEGIN
    IF p_years !~ '^[1-9][0-9]{3}(-[1-9][0-9]{3})?$' THEN
        RAISE invalid_parameter_value USING
            MESSAGE = format('years are written 2036 or 2029-2035, not %L', p_years);
    END IF;
    IF NOT pg_try_advisory_xact_lock(hashtext('create_missing_year_partitions')) THEN
        RAISE lock_not_available USING
            MESSAGE = 'another session is making partitions',
            HINT = 'It moves all rows that are committed when it gets the table''s lock.';
    END IF;
    SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) INTO columns
    FROM pg_attribute
    WHERE attrelid = rest::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = '';
    SELECT ' WITH (' || array_to_string(reloptions, ', ') || ')' INTO options
    FROM pg_class
    WHERE oid = rest::regclass;

    FOR year IN split_part(p_years, '-', 1)..regexp_replace(p_years, '.*-', '') LOOP
        partition_name := parent || '_' || year;
        CONTINUE WHEN EXISTS (
            SELECT FROM pg_inherits
            WHERE inhparent = parent::regclass AND inhrelid = to_regclass(partition_name)
        );
        within := format(
            'data_inicio >= %L AND data_inicio < %L',
            make_date(year, 1, 1), make_date(year + 1, 1, 1)
        );

        EXECUTE format(
            'CREATE TABLE %I (LIKE %I INCLUDING ALL EXCLUDING INDEXES EXCLUDING IDENTITY,'
            ' CONSTRAINT partition_year CHECK (%s))%s',
            partition_name, rest, within, options
        );
        -- What LIKE leaves out.
        FOR command IN
            SELECT format('ALTER TABLE %I OWNER TO %s', partition_name, relowner::regrole)
            FROM pg_class
            WHERE oid = rest::regclass
            UNION ALL
            SELECT format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', partition_name)
            FROM pg_class
            WHERE oid = rest::regclass AND relrowsecurity
            UNION ALL
            SELECT format(
                'GRANT %s ON %I TO %s%s',
                acl.privilege_type,
                partition_name,
                CASE acl.grantee WHEN 0 THEN 'PUBLIC' ELSE acl.grantee::regrole::text END,
                CASE WHEN acl.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END
            )
            FROM pg_class, aclexplode(relacl) AS acl
            WHERE oid = rest::regclass AND acl.grantee <> relowner
            UNION ALL
            SELECT format(
                'ALTER TABLE %I ALTER COLUMN %I SET STATISTICS %s',
                partition_name, attname, attstattarget
            )
            FROM pg_attribute
            WHERE attrelid = rest::regclass AND attnum > 0 AND attstattarget >= 0
        LOOP
            EXECUTE command;
        END LOOP;

        EXECUTE format(
            'WITH source AS MATERIALIZED ('
            '    SELECT *, ctid AS place, xmin AS version FROM ONLY %1$I WHERE %2$s'
            '    ORDER BY geometry'
            '), copy AS ('
            '    INSERT INTO %3$I (%4$s) SELECT %4$s FROM source'
            ')'
            ' SELECT array_agg(id), array_agg(data_inicio), array_agg(place), array_agg(version)'
            ' FROM source',
            rest, within, partition_name, columns
        ) INTO ids, dates, places, versions;
        FOR command IN
            SELECT format('ALTER TABLE %I ADD %s', partition_name, pg_get_constraintdef(oid))
            FROM pg_constraint
            WHERE conrelid = parent::regclass AND contype IN ('p', 'u')
            UNION ALL
            SELECT regexp_replace(
                pg_get_indexdef(indexrelid),
                ' INDEX .*? ON .*? USING ',
                format(' INDEX ON %I USING ', partition_name)
            )
            FROM pg_index
            WHERE indrelid = parent::regclass
                AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid)
        LOOP
            EXECUTE command;
        END LOOP;
        EXECUTE format('ANALYZE %I', partition_name);

        FOR attempt IN 1..attempts LOOP
            BEGIN
                EXECUTE format(
                    'LOCK TABLE ONLY %I, ONLY %I IN SHARE ROW EXCLUSIVE MODE', parent, rest
                );
                EXECUTE format(
                    'SELECT array_agg(source.id), array_agg(source.data_inicio),'
                    '     array_agg(present.place)'
                    ' FROM unnest($1, $2, $3, $4) AS source (id, data_inicio, place, version)'
                    ' FULL JOIN ('
                    '     SELECT ctid AS place, xmin AS version FROM ONLY %I WHERE %s'
                    ' ) AS present USING (place, version)'
                    ' WHERE source.place IS NULL OR present.place IS NULL',
                    rest, within
                ) INTO old_ids, old_dates, new_places USING ids, dates, places, versions;
                EXECUTE format(
                    'DELETE FROM %I AS outdated USING unnest($1, $2) AS old (id, data_inicio)'
                    ' WHERE outdated.id = old.id AND outdated.data_inicio = old.data_inicio',
                    partition_name
                ) USING old_ids, old_dates;
                EXECUTE format(
                    'INSERT INTO %1$I (%2$s) SELECT %2$s FROM ONLY %3$I WHERE ctid = ANY ($1)',
                    partition_name, columns, rest
                ) USING new_places;
                EXECUTE format('DELETE FROM ONLY %I WHERE %s', rest, within);
                GET DIAGNOSTICS rows_moved = ROW_COUNT;

                EXECUTE format('LOCK TABLE ONLY %I IN ACCESS EXCLUSIVE MODE', parent);
                EXECUTE format(
                    'ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
                    parent, partition_name, make_date(year, 1, 1), make_date(year + 1, 1, 1)
                );
                EXECUTE format('ALTER TABLE %I DROP CONSTRAINT partition_year', partition_name);
                EXIT;
            EXCEPTION WHEN lock_not_available THEN
                IF attempt = attempts THEN
                    RAISE;
                END IF;
                PERFORM pg_sleep(0.05 * attempt);
            END;
        END LOOP;

        status := 'CREATED_SUCCESS';
        INSERT INTO partition_maintenance_log (routine, partition_name, status, rows_moved)
        VALUES ('create_missing_year_partitions', partition_name, status, rows_moved);
        RAISE NOTICE 'Partition: % - Status: %', partition_name, status;
        RETURN NEXT;
    END LOOP;
END
$$;

COMMENT ON FUNCTION public.create_missing_year_partitions IS
    'Makes the partitions of the years given (2036, 2029-2035) and moves their rows into them';

REVOKE ALL ON FUNCTION public.create_missing_year_partitions FROM PUBLIC;

-- Runs at commit, once for each row that landed in the default partition. A BEFORE trigger could not
-- do this: rows are routed first, and a table in use cannot get a partition. The write itself never
-- fails for want of a partition: what cannot be done now is logged and stays in the default
-- partition until the next such row or the next maintenance. When several sessions commit rows of
-- the same new year, one of them holds the advisory lock and waits for the others' transactions;
-- the others commit at once, and it moves their rows too.
CREATE OR REPLACE FUNCTION public.auto_create_partition_for_year()
RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = public, pg_temp
AS $$
DECLARE
    year text;
BEGIN
    IF current_setting('partition_maintenance.postponed', true) = 'on'
        OR NEW.data_inicio NOT BETWEEN DATE '1000-01-01' AND DATE '9999-12-31'
    THEN
        RETURN NULL;
    END IF;
    year := to_char(NEW.data_inicio, 'YYYY');
    IF EXISTS (
        SELECT FROM pg_inherits
        WHERE inhparent = 'catalogo_geometrias_particionada'::regclass
            AND inhrelid = to_regclass('catalogo_geometrias_particionada_' || year)
    ) OR NOT EXISTS (
        -- The rows may have been deleted again.
        SELECT FROM ONLY catalogo_geometrias_particionada_default
        WHERE data_inicio BETWEEN make_date(year::integer, 1, 1) AND make_date(year::integer, 12, 31)
    ) THEN
        RETURN NULL;
    END IF;
    BEGIN
        PERFORM create_missing_year_partitions(year);
    EXCEPTION
        WHEN lock_not_available OR object_in_use OR duplicate_table OR check_violation
            OR serialization_failure
        THEN
            -- Once is enough for all rows of this transaction.
            PERFORM set_config('partition_maintenance.postponed', 'on', true);
            INSERT INTO partition_maintenance_log (routine, partition_name, status, detail)
            VALUES (
                'auto_create_partition_for_year',
                'catalogo_geometrias_particionada_' || year,
                'POSTPONED',
                SQLERRM
            );
    END;
    RETURN NULL;
END
$$;

COMMENT ON FUNCTION public.auto_create_partition_for_year IS
    'Trigger: makes the partition of a year whose first row has arrived, at commit';

REVOKE ALL ON FUNCTION public.auto_create_partition_for_year FROM PUBLIC;

-- For a scheduler, which wants one call in one transaction that does not fail because of traffic.
CREATE OR REPLACE FUNCTION public.scheduled_partition_maintenance()
RETURNS integer
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = public, pg_temp
AS $$
DECLARE
    year text;
    created integer := 0;
    moved bigint := 0;
    postponed text[] := '{}';
    moved_now bigint;
BEGIN
    FOR year IN
        SELECT DISTINCT to_char(data_inicio, 'YYYY')
        FROM ONLY catalogo_geometrias_particionada_default
        WHERE data_inicio BETWEEN DATE '1000-01-01' AND DATE '9999-12-31'
        ORDER BY 1
    LOOP
        BEGIN
            SELECT made.rows_moved INTO moved_now FROM create_missing_year_partitions(year) AS made;
            created := created + 1;
            moved := moved + moved_now;
        EXCEPTION WHEN lock_not_available OR duplicate_table THEN
            postponed := postponed || (year || ': ' || SQLERRM);
        END;
    END LOOP;
    INSERT INTO partition_maintenance_log (routine, status, rows_moved, detail)
    VALUES (
        'scheduled_partition_maintenance',
        CASE WHEN postponed = '{}' THEN 'COMPLETED' ELSE 'POSTPONED' END,
        moved,
        array_to_string(postponed, '; ')
    );
    RETURN created;
END
$$;

COMMENT ON FUNCTION public.scheduled_partition_maintenance IS
    'For a scheduler: empties the default partition; returns how many partitions it made';

REVOKE ALL ON FUNCTION public.scheduled_partition_maintenance FROM PUBLIC;

-- For a person or a migration: year by year, a transaction each, again after a pause as long as the
-- locks cannot be had. A procedure that commits can have no SET clause, so its names are qualified.
CREATE OR REPLACE PROCEDURE public.maintain_partitions()
LANGUAGE plpgsql
AS $$
DECLARE
    years text[];
    year text;
    attempts CONSTANT integer := 25;
    problem text;
BEGIN
    SELECT array_agg(DISTINCT wanted ORDER BY wanted) INTO years
    FROM (
        SELECT generate_series(2029, 2035)::text
        UNION ALL
        SELECT to_char(data_inicio, 'YYYY')
        FROM ONLY public.catalogo_geometrias_particionada_default
        WHERE data_inicio BETWEEN DATE '1000-01-01' AND DATE '9999-12-31'
    ) AS found (wanted);
    COMMIT;

    FOREACH year IN ARRAY years LOOP
        FOR attempt IN 1..attempts LOOP
            problem := NULL;
            BEGIN
                PERFORM public.create_missing_year_partitions(year);
            EXCEPTION WHEN lock_not_available THEN
                problem := SQLERRM;
            END;
            COMMIT;
            EXIT WHEN problem IS NULL;
            PERFORM pg_sleep(0.2 + random() * 0.3);
        END LOOP;
        IF problem IS NOT NULL THEN
            RAISE lock_not_available USING
                MESSAGE = format('the partition of %s could not be made: %s', year, problem),
                HINT = 'End the transactions that hold the table for long, then call it again.';
        END IF;
    END LOOP;
END
$$;

COMMENT ON PROCEDURE public.maintain_partitions IS
    'Makes the partitions up to 2035 and empties the default partition, while others go on working';

REVOKE ALL ON PROCEDURE public.maintain_partitions FROM PUBLIC;

CALL public.maintain_partitions();

-- Gives back the space of the moved rows, which every scan of the default partition would still read.
-- VACUUM stops nobody while it waits, for the end of an autovacuum at most; it truncates the file only
-- when nobody is in the way.
SET lock_timeout = '10s';

VACUUM (ANALYZE) public.catalogo_geometrias_particionada_default;

SET lock_timeout = '100ms';

-- WHEN keeps every row that has a partition out of the queue, so ordinary writes pay next to
-- nothing.
DO $$
BEGIN
    FOR attempt IN 1..40 LOOP
        EXIT WHEN EXISTS (
            SELECT FROM pg_trigger
            WHERE tgrelid = 'public.catalogo_geometrias_particionada'::regclass
                AND tgname = 'trigger_auto_create_partition'
        );
        BEGIN
            CREATE CONSTRAINT TRIGGER trigger_auto_create_partition
                AFTER INSERT OR UPDATE OF data_inicio ON public.catalogo_geometrias_particionada
                DEFERRABLE INITIALLY DEFERRED
                FOR EACH ROW
                WHEN (NEW.tableoid = 'public.catalogo_geometrias_particionada_default'::regclass)
                EXECUTE FUNCTION public.auto_create_partition_for_year();
            RAISE NOTICE 'Trigger: trigger_auto_create_partition - Status: CREATED';
        EXCEPTION WHEN lock_not_available THEN
            IF attempt = 40 THEN
                RAISE;
            END IF;
            PERFORM pg_sleep(0.2);
        END;
    END LOOP;
END
$$;

-- For rows of further years that arrived before the trigger.
CALL public.maintain_partitions();

RESET lock_timeout;

RESET statement_timeout;
