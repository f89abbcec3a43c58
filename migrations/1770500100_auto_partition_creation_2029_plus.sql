-- OPT1: one partition for each calendar year from 2029 to 2035, and for every later year when its
-- first row arrives.
--
-- Everything dated 2029 or later has piled up in the default partition. A partition cannot be attached
-- while the default one holds rows of its year, and ATTACH reads the whole default partition to see
-- that it does not. So all years and a new default partition are made aside and exchanged for the old
-- one at once, while readers and writers go on:
--
-- 1. A trigger on the default partition writes down the key of every row that is inserted, changed or
--    deleted from now on. Making it waits for the writers at work, so whatever is committed later is
--    either in the copy's snapshot or written down.
-- 2. Each year's rows are copied into a table of its own without any lock that stops others, ordered
--    by geometry (PostGIS sorts by the Hilbert code of the bounding box's centre), so that neighbours
--    on the ground are neighbours on disk; what belongs to no year into the new default partition.
--    Indexes, a CHECK equal to the partition's bounds, statistics and a validated foreign key follow.
-- 3. What was written down is put right in the copies, again and again without a lock, until little is
--    left.
-- 4. SHARE ROW EXCLUSIVE on the partitioned table and its partitions stops writers, not readers, while
--    the rest is put right. ACCESS EXCLUSIVE on the partitioned table then lasts while the old default
--    partition is dropped and the new partitions are attached. The CHECK spares the scan of each, the
--    foreign key that it has already spares its validation. The referenced table is locked as well,
--    and first: ATTACH drops the key's own triggers there.
--
-- Writers wait for step 4 alone, which takes as long with ten times the rows.
--
-- Years that come later have few rows yet. They move one by one, in the caller's transaction:
-- create_missing_year_partitions() copies a year as in step 2 and remembers each row by its ctid and
-- xmin; under SHARE ROW EXCLUSIVE it puts right what differs, deletes the year from the default
-- partition and attaches it. That lock is on the partitioned table, not on the default partition,
-- because a writer who waits at the default partition has been routed there already and would fail
-- once the year is attached; and ACCESS EXCLUSIVE precedes ATTACH, which by itself would let readers in
-- who have planned without the new partition and would miss its rows.
--
-- Every lock is asked for with a lock_timeout below deadlock_timeout and tried again after a pause:
-- who queues behind the request waits no longer than that, and no one else is ever chosen as the
-- victim of a deadlock. The script may be run again, whatever point it was interrupted at: the copy is
-- begun anew, and step 4 is one transaction.
--
-- Not safe for a REPEATABLE READ transaction that began before the move and touches the table for
-- the first time after it: a query pruned to the new partition sees none of its rows. The same holds
-- for every form of ALTER TABLE that moves rows.
--
-- Sources: PostgreSQL manual, 5.11.2.2 Partition Maintenance; ALTER TABLE, ATTACH PARTITION and ADD
-- table_constraint; 13.3 Explicit Locking; 13.5 Caveats; 5.5.6 System Columns; CREATE TRIGGER; CREATE
-- FUNCTION, Writing SECURITY DEFINER Functions Safely. PostGIS manual, Spatial Indexes (Hilbert order).

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

-- Makes a table like the default partition, to be filled with the rows of a condition and attached.
CREATE OR REPLACE FUNCTION public.create_partition_table(p_name text, p_condition text)
RETURNS void
LANGUAGE plpgsql
SET search_path = public, pg_temp
AS $$
DECLARE
    rest CONSTANT text := 'catalogo_geometrias_particionada_default';
    options text;
    command text;
BEGIN
    SELECT ' WITH (' || array_to_string(reloptions, ', ') || ')' INTO options
    FROM pg_class
    WHERE oid = rest::regclass;
    EXECUTE format(
        'CREATE TABLE %I (LIKE %I INCLUDING ALL EXCLUDING INDEXES EXCLUDING IDENTITY,'
        ' CONSTRAINT partition_condition CHECK (%s))%s',
        p_name, rest, p_condition, options
    );
    -- What LIKE leaves out.
    FOR command IN
        SELECT format('ALTER TABLE %I OWNER TO %s', p_name, relowner::regrole)
        FROM pg_class
        WHERE oid = rest::regclass
        UNION ALL
        SELECT format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', p_name)
        FROM pg_class
        WHERE oid = rest::regclass AND relrowsecurity
        UNION ALL
        SELECT format(
            'GRANT %s ON %I TO %s%s',
            acl.privilege_type,
            p_name,
            CASE acl.grantee WHEN 0 THEN 'PUBLIC' ELSE acl.grantee::regrole::text END,
            CASE WHEN acl.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END
        )
        FROM pg_class, aclexplode(relacl) AS acl
        WHERE oid = rest::regclass AND acl.grantee <> relowner
        UNION ALL
        SELECT format(
            'ALTER TABLE %I ALTER COLUMN %I SET STATISTICS %s', p_name, attname, attstattarget
        )
        FROM pg_attribute
        WHERE attrelid = rest::regclass AND attnum > 0 AND attstattarget >= 0
    LOOP
        EXECUTE command;
    END LOOP;
END
$$;

COMMENT ON FUNCTION public.create_partition_table IS
    'Makes a table like the default partition, whose rows meet a condition';

REVOKE ALL ON FUNCTION public.create_partition_table FROM PUBLIC;

-- Once it is filled: the partitioned table's keys and indexes, and statistics.
CREATE OR REPLACE FUNCTION public.index_partition_table(p_name text)
RETURNS void
LANGUAGE plpgsql
SET search_path = public, pg_temp
AS $$
DECLARE
    parent CONSTANT text := 'catalogo_geometrias_particionada';
    command text;
BEGIN
    FOR command IN
        SELECT format('ALTER TABLE %I ADD %s', p_name, pg_get_constraintdef(oid))
        FROM pg_constraint
        WHERE conrelid = parent::regclass AND contype IN ('p', 'u')
        UNION ALL
        SELECT regexp_replace(
            pg_get_indexdef(indexrelid),
            ' INDEX .*? ON .*? USING ',
            format(' INDEX ON %I USING ', p_name)
        )
        FROM pg_index
        WHERE indrelid = parent::regclass
            AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid)
    LOOP
        EXECUTE command;
    END LOOP;
    EXECUTE format('ANALYZE %I', p_name);
END
$$;

COMMENT ON FUNCTION public.index_partition_table IS
    'Gives a table the keys and indexes of the partitioned table, and statistics';

REVOKE ALL ON FUNCTION public.index_partition_table FROM PUBLIC;

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
    within text;
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

        PERFORM create_partition_table(partition_name, within);
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
        PERFORM index_partition_table(partition_name);

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
                EXECUTE format(
                    'ALTER TABLE %I DROP CONSTRAINT partition_condition', partition_name
                );
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

-- What changes in the default partition from now on is written down, as long as there is a year to
-- be split off.
DO $$
DECLARE
    attempts CONSTANT integer := 40;
    rest CONSTANT regclass := 'public.catalogo_geometrias_particionada_default';
BEGIN
    IF to_regclass('public.catalogo_geometrias_particionada_anos_alteradas') IS NULL THEN
        IF EXISTS (
            SELECT FROM pg_trigger
            WHERE tgrelid = 'public.catalogo_geometrias_particionada'::regclass
                AND tgname = 'trigger_auto_create_partition'
        ) OR 7 = (
            SELECT count(*)
            FROM pg_inherits
            WHERE inhparent = 'public.catalogo_geometrias_particionada'::regclass
                AND inhrelid::regclass::text ~ 'catalogo_geometrias_particionada_20(29|3[0-5])$'
        ) THEN
            RETURN;
        END IF;
        -- OPT2 takes partitions without its triggers in by itself, and reads them until then.
        IF EXISTS (
            SELECT FROM pg_trigger
            WHERE tgrelid = rest
                AND NOT tgisinternal
                AND tgparentid = 0
                AND tgfoid::regproc::text !~ '(incluir|alterar|excluir|esvaziar)_medidas$'
        ) OR EXISTS (
            SELECT FROM pg_policy WHERE polrelid = rest
        ) OR EXISTS (
            SELECT FROM pg_attribute WHERE attrelid = rest AND attacl IS NOT NULL
        ) THEN
            RAISE feature_not_supported USING
                MESSAGE = 'the default partition has a trigger, policy or privilege on a column'
                    ' that the new one would not have',
                HINT = 'Add it to this script first.';
        END IF;
        CREATE TABLE public.catalogo_geometrias_particionada_anos_alteradas (
            id bigint NOT NULL,
            data_inicio date NOT NULL
        );
    END IF;

    CREATE OR REPLACE FUNCTION public.anotar_catalogo_geometrias_anos()
    RETURNS trigger
    LANGUAGE plpgsql
    SECURITY DEFINER
    SET search_path = public, pg_temp
    AS $function$
    BEGIN
        IF TG_OP = 'TRUNCATE' THEN
            INSERT INTO catalogo_geometrias_particionada_anos_alteradas
            SELECT id, data_inicio FROM ONLY catalogo_geometrias_particionada_default;
            RETURN NULL;
        END IF;
        IF TG_OP <> 'INSERT' THEN
            INSERT INTO catalogo_geometrias_particionada_anos_alteradas
            VALUES (OLD.id, OLD.data_inicio);
        END IF;
        IF TG_OP = 'INSERT'
            OR TG_OP = 'UPDATE' AND (NEW.id, NEW.data_inicio) <> (OLD.id, OLD.data_inicio)
        THEN
            INSERT INTO catalogo_geometrias_particionada_anos_alteradas
            VALUES (NEW.id, NEW.data_inicio);
        END IF;
        RETURN NULL;
    END
    $function$;
    REVOKE ALL ON FUNCTION public.anotar_catalogo_geometrias_anos FROM PUBLIC;

    FOR attempt IN 1..attempts LOOP
        EXIT WHEN EXISTS (
            SELECT FROM pg_trigger
            WHERE tgrelid = rest AND tgname = 'anotar_catalogo_geometrias_anos'
        );
        BEGIN
            CREATE TRIGGER anotar_catalogo_geometrias_anos
                AFTER INSERT OR UPDATE OR DELETE
                ON public.catalogo_geometrias_particionada_default
                FOR EACH ROW EXECUTE FUNCTION public.anotar_catalogo_geometrias_anos();
            CREATE TRIGGER anotar_catalogo_geometrias_anos_truncate
                BEFORE TRUNCATE ON public.catalogo_geometrias_particionada_default
                FOR EACH STATEMENT EXECUTE FUNCTION public.anotar_catalogo_geometrias_anos();
        EXCEPTION WHEN lock_not_available THEN
            IF attempt = attempts THEN
                RAISE;
            END IF;
            PERFORM pg_sleep(0.2);
        END;
    END LOOP;
END
$$;

DO $$
DECLARE
    parent CONSTANT text := 'catalogo_geometrias_particionada';
    rest CONSTANT text := 'catalogo_geometrias_particionada_default';
    emptied CONSTANT text := 'catalogo_geometrias_particionada_default_nova';
    years integer[];
    year integer;
    within text;
    elsewhere text := 'false';
    columns text;
    command text;
BEGIN
    SET LOCAL search_path = public, pg_temp;
    IF to_regclass('catalogo_geometrias_particionada_anos_alteradas') IS NULL THEN
        RETURN;
    END IF;
    -- What an interrupted run was making goes.
    FOR command IN
        SELECT format('DROP TABLE %s', conrelid::regclass)
        FROM pg_constraint
        WHERE conname = 'partition_condition'
            AND NOT EXISTS (SELECT FROM pg_inherits WHERE inhrelid = conrelid)
    LOOP
        EXECUTE command;
    END LOOP;
    SELECT array_agg(wanted ORDER BY wanted) INTO years
    FROM (
        SELECT generate_series(2029, 2035)
        UNION
        SELECT extract(year FROM data_inicio)::integer
        FROM ONLY catalogo_geometrias_particionada_default
        WHERE data_inicio BETWEEN DATE '1000-01-01' AND DATE '9999-12-31'
    ) AS found (wanted)
    WHERE NOT EXISTS (
        SELECT FROM pg_inherits
        WHERE inhparent = parent::regclass AND inhrelid = to_regclass(parent || '_' || wanted)
    );
    SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) INTO columns
    FROM pg_attribute
    WHERE attrelid = rest::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = '';

    FOREACH year IN ARRAY years LOOP
        within := format(
            'data_inicio >= %L AND data_inicio < %L',
            make_date(year, 1, 1), make_date(year + 1, 1, 1)
        );
        elsewhere := format('%s OR %s', elsewhere, within);
        PERFORM create_partition_table(parent || '_' || year, within);
        EXECUTE format(
            'INSERT INTO %1$I (%2$s) SELECT %2$s FROM ONLY %3$I WHERE %4$s ORDER BY geometry',
            parent || '_' || year, columns, rest, within
        );
        PERFORM index_partition_table(parent || '_' || year);
    END LOOP;
    PERFORM create_partition_table(emptied, format('NOT (%s)', elsewhere));
    EXECUTE format(
        'INSERT INTO %1$I (%2$s) SELECT %2$s FROM ONLY %3$I WHERE NOT (%4$s)',
        emptied, columns, rest, elsewhere
    );
    EXECUTE format('COMMENT ON TABLE %I IS %L', emptied, obj_description(rest::regclass));
    PERFORM index_partition_table(emptied);
END
$$;

-- The foreign key is validated under a lock that stops nobody.
DO $$
DECLARE
    attempts CONSTANT integer := 40;
    command text;
BEGIN
    FOR attempt IN 1..attempts LOOP
        BEGIN
            FOR command IN
                SELECT format(
                    'ALTER TABLE %s ADD CONSTRAINT %I %s NOT VALID',
                    made.conrelid::regclass, parent.conname, pg_get_constraintdef(parent.oid)
                )
                FROM pg_constraint AS made, pg_constraint AS parent
                WHERE made.conname = 'partition_condition'
                    AND NOT EXISTS (SELECT FROM pg_inherits WHERE inhrelid = made.conrelid)
                    AND parent.conrelid = 'public.catalogo_geometrias_particionada'::regclass
                    AND parent.contype = 'f'
                    AND NOT EXISTS (
                        SELECT FROM pg_constraint AS present
                        WHERE present.conrelid = made.conrelid
                            AND present.conname = parent.conname
                    )
            LOOP
                EXECUTE command;
            END LOOP;
            EXIT;
        EXCEPTION WHEN lock_not_available THEN
            IF attempt = attempts THEN
                RAISE;
            END IF;
            PERFORM pg_sleep(0.2);
        END;
    END LOOP;
END
$$;

DO $$
DECLARE
    command text;
BEGIN
    FOR command IN
        SELECT format('ALTER TABLE %s VALIDATE CONSTRAINT %I', key.conrelid::regclass, key.conname)
        FROM pg_constraint AS made JOIN pg_constraint AS key USING (conrelid)
        WHERE made.conname = 'partition_condition'
            AND NOT EXISTS (SELECT FROM pg_inherits WHERE inhrelid = made.conrelid)
            AND NOT key.convalidated
    LOOP
        EXECUTE command;
    END LOOP;
END
$$;

-- Puts right in the copies what was written down, and forgets it: in the caller's transaction.
CREATE OR REPLACE FUNCTION public.repor_catalogo_geometrias_anos()
RETURNS bigint
LANGUAGE plpgsql
SET search_path = public, pg_temp
AS $$
DECLARE
    rest CONSTANT text := 'catalogo_geometrias_particionada_default';
    columns text;
    ids bigint[];
    dates date[];
    made record;
BEGIN
    SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) INTO columns
    FROM pg_attribute
    WHERE attrelid = rest::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = '';
    WITH taken AS (
        DELETE FROM catalogo_geometrias_particionada_anos_alteradas RETURNING id, data_inicio
    ), keys AS (
        SELECT DISTINCT id, data_inicio FROM taken
    )
    SELECT array_agg(id), array_agg(data_inicio) INTO ids, dates FROM keys;
    FOR made IN
        SELECT conrelid::regclass AS name, pg_get_expr(conbin, conrelid) AS condition
        FROM pg_constraint
        WHERE conname = 'partition_condition'
            AND NOT EXISTS (SELECT FROM pg_inherits WHERE inhrelid = conrelid)
    LOOP
        EXECUTE format(
            'DELETE FROM %s AS outdated USING unnest($1, $2) AS old (id, data_inicio)'
            ' WHERE outdated.id = old.id AND outdated.data_inicio = old.data_inicio',
            made.name
        ) USING ids, dates;
        EXECUTE format(
            'INSERT INTO %1$s (%2$s)'
            ' SELECT %2$s FROM ONLY %3$I JOIN unnest($1, $2) AS new (id, data_inicio)'
            '     USING (id, data_inicio)'
            ' WHERE %4$s',
            made.name, columns, rest, made.condition
        ) USING ids, dates;
    END LOOP;
    RETURN coalesce(cardinality(ids), 0);
END
$$;

REVOKE ALL ON FUNCTION public.repor_catalogo_geometrias_anos FROM PUBLIC;

DO $$
DECLARE
    few CONSTANT integer := 50;
    rounds CONSTANT integer := 20;
    rows bigint;
BEGIN
    IF to_regclass('public.catalogo_geometrias_particionada_anos_alteradas') IS NULL THEN
        RETURN;
    END IF;
    FOR round IN 1..rounds LOOP
        rows := public.repor_catalogo_geometrias_anos();
        COMMIT;
        EXIT WHEN rows < few;
    END LOOP;
END
$$;

DO $$
DECLARE
    attempts CONSTANT integer := 60;
    parent CONSTANT text := 'catalogo_geometrias_particionada';
    rest CONSTANT text := 'catalogo_geometrias_particionada_default';
    emptied CONSTANT text := 'catalogo_geometrias_particionada_default_nova';
    index_names jsonb;
    relation regclass;
    year integer;
    renamed record;
BEGIN
    SET LOCAL search_path = public, pg_temp;
    IF to_regclass('catalogo_geometrias_particionada_anos_alteradas') IS NULL THEN
        RETURN;
    END IF;
    SELECT jsonb_object_agg(inhparent::text, indexrelid::regclass::text) INTO index_names
    FROM pg_index JOIN pg_inherits ON inhrelid = indexrelid
    WHERE indrelid = rest::regclass;

    FOR attempt IN 1..attempts LOOP
        BEGIN
            EXECUTE format('LOCK TABLE %I IN SHARE ROW EXCLUSIVE MODE', parent);
            PERFORM repor_catalogo_geometrias_anos();

            FOR relation IN
                SELECT confrelid
                FROM pg_constraint
                WHERE conrelid = parent::regclass AND contype = 'f'
            LOOP
                EXECUTE format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE', relation);
            END LOOP;
            EXECUTE format('LOCK TABLE ONLY %I IN ACCESS EXCLUSIVE MODE', parent);
            EXECUTE format('DROP TABLE %I', rest);
            DROP TABLE catalogo_geometrias_particionada_anos_alteradas;
            DROP FUNCTION anotar_catalogo_geometrias_anos();
            FOR relation, year IN
                SELECT conrelid, right(conrelid::regclass::text, 4)
                FROM pg_constraint
                WHERE conname = 'partition_condition'
                    AND conrelid <> emptied::regclass
                    AND NOT EXISTS (SELECT FROM pg_inherits WHERE inhrelid = conrelid)
            LOOP
                EXECUTE format(
                    'ALTER TABLE %I ATTACH PARTITION %s FOR VALUES FROM (%L) TO (%L)',
                    parent, relation, make_date(year, 1, 1), make_date(year + 1, 1, 1)
                );
                EXECUTE format('ALTER TABLE %s DROP CONSTRAINT partition_condition', relation);
            END LOOP;
            EXECUTE format('ALTER TABLE %I RENAME TO %I', emptied, rest);
            EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I DEFAULT', parent, rest);
            EXECUTE format('ALTER TABLE %I DROP CONSTRAINT partition_condition', rest);
            FOR renamed IN
                SELECT indexrelid::regclass AS name, index_names ->> inhparent::text AS wanted
                FROM pg_index JOIN pg_inherits ON inhrelid = indexrelid
                WHERE indrelid = rest::regclass
            LOOP
                EXECUTE format('ALTER INDEX %s RENAME TO %I', renamed.name, renamed.wanted);
            END LOOP;
            EXIT;
        EXCEPTION WHEN lock_not_available THEN
            IF attempt = attempts THEN
                RAISE;
            END IF;
            PERFORM pg_sleep(0.1 + random() * 0.3);
        END;
    END LOOP;
END
$$;

DROP FUNCTION public.repor_catalogo_geometrias_anos();

-- Marks the pages as visible to all, without which no index-only scan is one. VACUUM stops nobody
-- while it waits, for the end of an autovacuum at most.
SET lock_timeout = '10s';

VACUUM (ANALYZE) public.catalogo_geometrias_particionada;

SET lock_timeout = '100ms';

DO $$
DECLARE
    partition text;
    rows bigint;
BEGIN
    SET LOCAL search_path = public, pg_temp;
    FOR partition IN
        SELECT inhrelid::regclass::text
        FROM pg_inherits
        WHERE inhparent = 'catalogo_geometrias_particionada'::regclass
            AND inhrelid::regclass::text !~ '_(2026|2027|2028|default)$'
            AND NOT EXISTS (
                SELECT FROM partition_maintenance_log
                WHERE partition_name = inhrelid::regclass::text
            )
        ORDER BY 1
    LOOP
        EXECUTE format('SELECT count(*) FROM %s', partition) INTO rows;
        INSERT INTO partition_maintenance_log (routine, partition_name, status, rows_moved)
        VALUES ('split of the default partition', partition, 'CREATED_SUCCESS', rows);
        RAISE NOTICE 'Partition: % - Status: CREATED_SUCCESS', partition;
    END LOOP;
END
$$;

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

-- For rows of further years that arrived since, before the trigger.
CALL public.maintain_partitions();

RESET lock_timeout;

RESET statement_timeout;
