-- Takes OPT1 back: every row of every partition that is not of 2026 to 2028 returns to the default
-- partition, then trigger, routines, log and those partitions go.
--
-- A row cannot return to the default partition while the partition of its year is attached, and is
-- invisible while it is detached. So a new default partition is made aside and exchanged at once:
--
-- 1. A trigger writes down the key of every row that is inserted, changed or deleted from now on.
--    Making it waits for the writers at work, so whatever is committed later is either in the copy's
--    snapshot or written down.
-- 2. All rows that belong into the new default partition are copied into a table of its own, in the
--    order of their ids, without any lock that stops others. Indexes, a CHECK that says what the
--    default partition's constraint will say, statistics and a validated foreign key follow.
-- 3. What was written down is put right in the copy, again and again without a lock, until little is
--    left.
-- 4. SHARE ROW EXCLUSIVE on the partitioned table and its partitions stops writers, not readers,
--    while the rest is put right. ACCESS EXCLUSIVE on the partitioned table then lasts while the old
--    partitions are dropped and the new default partition is attached. The CHECK spares the scan for
--    rows of other partitions, the foreign key that it has already spares its validation. The
--    referenced table is locked as well, and first: ATTACH drops the key's own triggers there.
--
-- Writers wait for step 4 alone, which takes as long with ten times the rows.
--
-- It makes the new default partition with the migration's own routines. What an interrupted migration
-- left is taken away.
--
-- Every lock is asked for with a lock_timeout below deadlock_timeout and tried again after a pause.
-- The script may be run again, whatever point it was interrupted at: the copy is begun anew, and
-- step 4 is one transaction.
--
-- Sources: PostgreSQL manual, 5.11.2.2 Partition Maintenance; ALTER TABLE, ATTACH PARTITION and ADD
-- table_constraint; CREATE TRIGGER; 13.3 Explicit Locking.

SET lock_timeout = '100ms';

SET statement_timeout = '15min';

-- What an interrupted migration was making goes; the default partition is still the old one.
DO $$
DECLARE
    attempts CONSTANT integer := 40;
    command text;
BEGIN
    FOR attempt IN 1..attempts LOOP
        EXIT WHEN to_regclass('public.catalogo_geometrias_particionada_anos_alteradas') IS NULL;
        BEGIN
            LOCK TABLE public.catalogo IN ACCESS EXCLUSIVE MODE;
            DROP TRIGGER IF EXISTS anotar_catalogo_geometrias_anos
                ON public.catalogo_geometrias_particionada_default;
            DROP TRIGGER IF EXISTS anotar_catalogo_geometrias_anos_truncate
                ON public.catalogo_geometrias_particionada_default;
            FOR command IN
                SELECT format('DROP TABLE %s', conrelid::regclass)
                FROM pg_constraint
                WHERE conname = 'partition_condition'
                    AND NOT EXISTS (SELECT FROM pg_inherits WHERE inhrelid = conrelid)
            LOOP
                EXECUTE command;
            END LOOP;
            DROP TABLE public.catalogo_geometrias_particionada_anos_alteradas;
            DROP FUNCTION public.anotar_catalogo_geometrias_anos();
        EXCEPTION WHEN lock_not_available THEN
            IF attempt = attempts THEN
                RAISE;
            END IF;
            PERFORM pg_sleep(0.2);
        END;
    END LOOP;
    IF to_regprocedure('public.repor_catalogo_geometrias_anos()') IS NOT NULL THEN
        DROP FUNCTION public.repor_catalogo_geometrias_anos();
    END IF;
END
$$;

DO $$
DECLARE
    attempts CONSTANT integer := 40;
BEGIN
    FOR attempt IN 1..attempts LOOP
        BEGIN
            EXIT WHEN NOT EXISTS (
                SELECT FROM pg_trigger
                WHERE tgrelid = 'public.catalogo_geometrias_particionada'::regclass
                    AND tgname = 'trigger_auto_create_partition'
            );
            LOCK TABLE ONLY public.catalogo_geometrias_particionada IN ACCESS EXCLUSIVE MODE;
            DROP TRIGGER trigger_auto_create_partition ON public.catalogo_geometrias_particionada;
        EXCEPTION WHEN lock_not_available THEN
            IF attempt = attempts THEN
                RAISE;
            END IF;
            PERFORM pg_sleep(0.2);
        END;
    END LOOP;
END
$$;

-- What changes from now on is written down, as long as there is something to take back.
DO $$
DECLARE
    attempts CONSTANT integer := 40;
    kept CONSTANT regclass[] := ARRAY[
        'public.catalogo_geometrias_particionada_2026',
        'public.catalogo_geometrias_particionada_2027',
        'public.catalogo_geometrias_particionada_2028',
        'public.catalogo_geometrias_particionada_default'
    ];
    partition regclass;
BEGIN
    IF NOT EXISTS (
        SELECT FROM pg_inherits
        WHERE inhparent = 'public.catalogo_geometrias_particionada'::regclass
            AND inhrelid <> ALL (kept)
    ) THEN
        RETURN;
    END IF;
    CREATE TABLE IF NOT EXISTS public.catalogo_geometrias_particionada_default_alteradas (
        id bigint NOT NULL,
        data_inicio date NOT NULL
    );

    CREATE OR REPLACE FUNCTION public.anotar_catalogo_geometrias_default()
    RETURNS trigger
    LANGUAGE plpgsql
    SECURITY DEFINER
    SET search_path = public, pg_temp
    AS $function$
    BEGIN
        IF TG_OP = 'TRUNCATE' THEN
            EXECUTE format(
                'INSERT INTO catalogo_geometrias_particionada_default_alteradas'
                ' SELECT id, data_inicio FROM ONLY %s',
                TG_RELID::regclass
            );
            RETURN NULL;
        END IF;
        IF TG_OP <> 'INSERT' THEN
            INSERT INTO catalogo_geometrias_particionada_default_alteradas
            VALUES (OLD.id, OLD.data_inicio);
        END IF;
        IF TG_OP = 'INSERT'
            OR TG_OP = 'UPDATE' AND (NEW.id, NEW.data_inicio) <> (OLD.id, OLD.data_inicio)
        THEN
            INSERT INTO catalogo_geometrias_particionada_default_alteradas
            VALUES (NEW.id, NEW.data_inicio);
        END IF;
        RETURN NULL;
    END
    $function$;
    REVOKE ALL ON FUNCTION public.anotar_catalogo_geometrias_default FROM PUBLIC;

    FOR attempt IN 1..attempts LOOP
        EXIT WHEN EXISTS (
            SELECT FROM pg_trigger
            WHERE tgrelid = 'public.catalogo_geometrias_particionada'::regclass
                AND tgname = 'anotar_catalogo_geometrias_default'
        );
        BEGIN
            CREATE TRIGGER anotar_catalogo_geometrias_default
                AFTER INSERT OR UPDATE OR DELETE ON public.catalogo_geometrias_particionada
                FOR EACH ROW EXECUTE FUNCTION public.anotar_catalogo_geometrias_default();
            -- Partitions do not inherit a trigger for each statement.
            FOR partition IN
                SELECT inhrelid
                FROM pg_inherits
                WHERE inhparent = 'public.catalogo_geometrias_particionada'::regclass
                    AND inhrelid <> ALL (kept[1:3])
            LOOP
                EXECUTE format(
                    'CREATE TRIGGER anotar_catalogo_geometrias_default_truncate'
                    ' BEFORE TRUNCATE ON %s FOR EACH STATEMENT'
                    ' EXECUTE FUNCTION public.anotar_catalogo_geometrias_default()',
                    partition
                );
            END LOOP;
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
    restored CONSTANT text := 'catalogo_geometrias_particionada_default_restored';
    kept CONSTANT regclass[] := ARRAY[
        'public.catalogo_geometrias_particionada_2026',
        'public.catalogo_geometrias_particionada_2027',
        'public.catalogo_geometrias_particionada_2028'
    ];
    columns text;
    elsewhere text;
BEGIN
    SET LOCAL search_path = public, pg_temp;
    IF to_regclass(restored) IS NOT NULL THEN
        EXECUTE format('DROP TABLE %I', restored);
    END IF;
    IF NOT EXISTS (
        SELECT FROM pg_inherits
        WHERE inhparent = parent::regclass AND inhrelid <> ALL (kept || rest::regclass)
    ) THEN
        RETURN;
    END IF;
    SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) INTO columns
    FROM pg_attribute
    WHERE attrelid = rest::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = '';
    -- In the form in which the server writes the constraint of a default partition, so that it
    -- finds the one implied by the other.
    SELECT string_agg(
        replace(pg_get_partition_constraintdef(oid), '(data_inicio IS NOT NULL) AND ', ''), ' OR '
    ) INTO elsewhere
    FROM unnest(kept) AS oid;

    PERFORM create_partition_table(
        restored, format('NOT ((data_inicio IS NOT NULL) AND (%s))', elsewhere)
    );
    EXECUTE format('COMMENT ON TABLE %I IS %L', restored, obj_description(rest::regclass));
    EXECUTE format(
        'INSERT INTO %1$I (%2$s) SELECT %2$s FROM %3$I WHERE tableoid <> ALL ($1::oid[])'
        ' ORDER BY id, data_inicio',
        restored, columns, parent
    ) USING kept;
    PERFORM index_partition_table(restored);
END
$$;

-- Validated under a lock that stops nobody.
DO $$
DECLARE
    attempts CONSTANT integer := 40;
    restored CONSTANT text := 'public.catalogo_geometrias_particionada_default_restored';
    foreign_key record;
BEGIN
    IF to_regclass(restored) IS NULL THEN
        RETURN;
    END IF;
    FOR foreign_key IN
        SELECT conname, pg_get_constraintdef(oid) AS definition
        FROM pg_constraint
        WHERE conrelid = 'public.catalogo_geometrias_particionada'::regclass AND contype = 'f'
    LOOP
        FOR attempt IN 1..attempts LOOP
            EXIT WHEN EXISTS (
                SELECT FROM pg_constraint
                WHERE conrelid = restored::regclass AND conname = foreign_key.conname
            );
            BEGIN
                EXECUTE format(
                    'ALTER TABLE %s ADD CONSTRAINT %I %s NOT VALID',
                    restored, foreign_key.conname, foreign_key.definition
                );
            EXCEPTION WHEN lock_not_available THEN
                IF attempt = attempts THEN
                    RAISE;
                END IF;
                PERFORM pg_sleep(0.2);
            END;
        END LOOP;
    END LOOP;
END
$$;

DO $$
DECLARE
    foreign_key record;
BEGIN
    FOR foreign_key IN
        SELECT conrelid::regclass AS of, conname
        FROM pg_constraint
        WHERE conrelid = to_regclass('public.catalogo_geometrias_particionada_default_restored')
            AND NOT convalidated
    LOOP
        EXECUTE format('ALTER TABLE %s VALIDATE CONSTRAINT %I', foreign_key.of, foreign_key.conname);
    END LOOP;
END
$$;

-- Puts right in the copy what was written down, and forgets it: in the caller's transaction.
CREATE OR REPLACE FUNCTION public.repor_catalogo_geometrias_default()
RETURNS bigint
LANGUAGE plpgsql
SET search_path = public, pg_temp
AS $$
DECLARE
    restored CONSTANT text := 'catalogo_geometrias_particionada_default_restored';
    kept CONSTANT regclass[] := ARRAY[
        'catalogo_geometrias_particionada_2026',
        'catalogo_geometrias_particionada_2027',
        'catalogo_geometrias_particionada_2028'
    ];
    columns text;
    ids bigint[];
    dates date[];
BEGIN
    SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) INTO columns
    FROM pg_attribute
    WHERE attrelid = restored::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = '';
    WITH taken AS (
        DELETE FROM catalogo_geometrias_particionada_default_alteradas RETURNING id, data_inicio
    ), keys AS (
        SELECT DISTINCT id, data_inicio FROM taken
    )
    SELECT array_agg(id), array_agg(data_inicio) INTO ids, dates FROM keys;
    EXECUTE format(
        'DELETE FROM %I AS outdated USING unnest($1, $2) AS old (id, data_inicio)'
        ' WHERE outdated.id = old.id AND outdated.data_inicio = old.data_inicio',
        restored
    ) USING ids, dates;
    EXECUTE format(
        'INSERT INTO %1$I (%2$s)'
        ' SELECT %2$s FROM catalogo_geometrias_particionada AS present'
        '     JOIN unnest($1, $2) AS new (id, data_inicio) USING (id, data_inicio)'
        ' WHERE present.tableoid <> ALL ($3::oid[])',
        restored, columns
    ) USING ids, dates, kept;
    RETURN coalesce(cardinality(ids), 0);
END
$$;

REVOKE ALL ON FUNCTION public.repor_catalogo_geometrias_default FROM PUBLIC;

DO $$
DECLARE
    few CONSTANT integer := 50;
    rounds CONSTANT integer := 20;
    rows bigint;
BEGIN
    IF to_regclass('public.catalogo_geometrias_particionada_default_restored') IS NULL THEN
        RETURN;
    END IF;
    FOR round IN 1..rounds LOOP
        rows := public.repor_catalogo_geometrias_default();
        COMMIT;
        EXIT WHEN rows < few;
    END LOOP;
END
$$;

DO $$
DECLARE
    parent CONSTANT text := 'catalogo_geometrias_particionada';
    rest CONSTANT text := 'catalogo_geometrias_particionada_default';
    restored CONSTANT text := 'catalogo_geometrias_particionada_default_restored';
    kept CONSTANT regclass[] := ARRAY[
        'public.catalogo_geometrias_particionada_2026',
        'public.catalogo_geometrias_particionada_2027',
        'public.catalogo_geometrias_particionada_2028'
    ];
    attempts CONSTANT integer := 60;
    relation regclass;
    renamed record;
    index_names jsonb;
BEGIN
    SET LOCAL search_path = public, pg_temp;
    IF to_regclass(restored) IS NULL THEN
        RETURN;
    END IF;
    SELECT jsonb_object_agg(inhparent::text, indexrelid::regclass::text) INTO index_names
    FROM pg_index JOIN pg_inherits ON inhrelid = indexrelid
    WHERE indrelid = rest::regclass;

    FOR attempt IN 1..attempts LOOP
        BEGIN
            EXECUTE format('LOCK TABLE %I IN SHARE ROW EXCLUSIVE MODE', parent);
            PERFORM repor_catalogo_geometrias_default();

            FOR relation IN
                SELECT confrelid
                FROM pg_constraint
                WHERE conrelid = parent::regclass AND contype = 'f'
            LOOP
                EXECUTE format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE', relation);
            END LOOP;
            EXECUTE format('LOCK TABLE ONLY %I IN ACCESS EXCLUSIVE MODE', parent);
            FOR relation IN
                SELECT inhrelid
                FROM pg_inherits
                WHERE inhparent = parent::regclass AND inhrelid <> ALL (kept)
            LOOP
                EXECUTE format('DROP TABLE %s', relation);
            END LOOP;
            DROP TRIGGER anotar_catalogo_geometrias_default ON catalogo_geometrias_particionada;
            DROP TABLE catalogo_geometrias_particionada_default_alteradas;
            EXECUTE format('ALTER TABLE %I RENAME TO %I', restored, rest);
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

SET lock_timeout = '2s';

DROP FUNCTION IF EXISTS public.repor_catalogo_geometrias_default();

DROP FUNCTION IF EXISTS public.anotar_catalogo_geometrias_default();

DROP PROCEDURE IF EXISTS public.maintain_partitions();

DROP FUNCTION IF EXISTS public.scheduled_partition_maintenance();

DROP FUNCTION IF EXISTS public.auto_create_partition_for_year();

DROP FUNCTION IF EXISTS public.create_missing_year_partitions(text);

DROP FUNCTION IF EXISTS public.index_partition_table(text);

DROP FUNCTION IF EXISTS public.create_partition_table(text, text);

DROP TABLE IF EXISTS public.partition_maintenance_log;

RESET lock_timeout;

RESET statement_timeout;
