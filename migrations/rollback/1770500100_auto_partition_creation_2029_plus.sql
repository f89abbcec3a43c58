-- Takes OPT1 back: every row of every partition that is not of 2026 to 2028 returns to the default
-- partition, then trigger, routines, log and those partitions go.
--
-- A row cannot return to the default partition while the partition of its year is attached, and is
-- invisible while it is detached. So a new default partition is made aside and exchanged at once:
--
-- 1. All rows that belong into it are copied into a table of its own, in the order of their ids,
--    without any lock that stops others; each copy is remembered by table, ctid and xmin of its
--    source. Indexes, a CHECK that says what the default partition's constraint will say, and
--    statistics follow.
-- 2. SHARE ROW EXCLUSIVE on the partitioned table and its partitions stops writers, not readers,
--    while the rows written since are put right and the foreign key is validated.
-- 3. ACCESS EXCLUSIVE on the partitioned table while the old partitions are dropped and the new
--    default partition is attached. The CHECK spares the scan for rows of other partitions, the
--    foreign key that it has already spares its validation. The referenced table is locked as well,
--    and first: ATTACH drops the key's own triggers there.
--
-- Every lock is asked for with a lock_timeout below deadlock_timeout and tried again after a pause.
-- The script may be run again, whatever point it was interrupted at; step 2 to 3 is one transaction.
--
-- Sources: PostgreSQL manual, 5.11.2.2 Partition Maintenance; ALTER TABLE, ATTACH PARTITION;
-- 13.3 Explicit Locking; 5.5.6 System Columns.

SET lock_timeout = '100ms';

SET statement_timeout = '15min';

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
    options text;
    elsewhere text;
    command text;
BEGIN
    SET LOCAL search_path = public, pg_temp;
    IF to_regclass('pg_temp.copied') IS NOT NULL THEN
        DROP TABLE pg_temp.copied;
    END IF;
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
    SELECT ' WITH (' || array_to_string(reloptions, ', ') || ')' INTO options
    FROM pg_class
    WHERE oid = rest::regclass;
    -- In the form in which the server writes the constraint of a default partition, so that it
    -- finds the one implied by the other.
    SELECT string_agg(
        replace(pg_get_partition_constraintdef(oid), '(data_inicio IS NOT NULL) AND ', ''), ' OR '
    ) INTO elsewhere
    FROM unnest(kept) AS oid;

    EXECUTE format(
        'CREATE TABLE %I (LIKE %I INCLUDING ALL EXCLUDING INDEXES EXCLUDING IDENTITY,'
        ' CONSTRAINT no_other_partition CHECK (NOT ((data_inicio IS NOT NULL) AND (%s))))%s',
        restored, rest, elsewhere, options
    );
    -- What LIKE leaves out.
    FOR command IN
        SELECT format('ALTER TABLE %I OWNER TO %s', restored, relowner::regrole)
        FROM pg_class
        WHERE oid = rest::regclass
        UNION ALL
        SELECT format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', restored)
        FROM pg_class
        WHERE oid = rest::regclass AND relrowsecurity
        UNION ALL
        SELECT format(
            'GRANT %s ON %I TO %s%s',
            acl.privilege_type,
            restored,
            CASE acl.grantee WHEN 0 THEN 'PUBLIC' ELSE acl.grantee::regrole::text END,
            CASE WHEN acl.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END
        )
        FROM pg_class, aclexplode(relacl) AS acl
        WHERE oid = rest::regclass AND acl.grantee <> relowner
        UNION ALL
        SELECT format(
            'ALTER TABLE %I ALTER COLUMN %I SET STATISTICS %s', restored, attname, attstattarget
        )
        FROM pg_attribute
        WHERE attrelid = rest::regclass AND attnum > 0 AND attstattarget >= 0
        UNION ALL
        SELECT format('COMMENT ON TABLE %I IS %L', restored, obj_description(rest::regclass))
    LOOP
        EXECUTE command;
    END LOOP;

    CREATE TEMPORARY TABLE copied (
        id bigint, data_inicio date, source oid, place tid, version xid
    );
    EXECUTE format(
        'WITH source AS MATERIALIZED ('
        '    SELECT *, tableoid AS source, ctid AS place, xmin AS version FROM %1$I'
        '    WHERE tableoid <> ALL ($1::oid[])'
        '    ORDER BY id, data_inicio'
        '), copy AS ('
        '    INSERT INTO %2$I (%3$s) SELECT %3$s FROM source'
        ')'
        ' INSERT INTO copied SELECT id, data_inicio, source, place, version FROM source',
        parent, restored, columns
    ) USING kept;
    FOR command IN
        SELECT format('ALTER TABLE %I ADD %s', restored, pg_get_constraintdef(oid))
        FROM pg_constraint
        WHERE conrelid = parent::regclass AND contype IN ('p', 'u')
        UNION ALL
        SELECT regexp_replace(
            pg_get_indexdef(indexrelid),
            ' INDEX .*? ON .*? USING ',
            format(' INDEX ON %I USING ', restored)
        )
        FROM pg_index
        WHERE indrelid = parent::regclass
            AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid)
    LOOP
        EXECUTE command;
    END LOOP;
    EXECUTE format('ANALYZE %I', restored);
    ANALYZE copied;
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
    columns text;
    present text;
    partition record;
    foreign_key record;
    renamed record;
    index_names jsonb;
BEGIN
    SET LOCAL search_path = public, pg_temp;
    SET LOCAL work_mem = '64MB';
    IF to_regclass(restored) IS NULL THEN
        RETURN;
    END IF;
    SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) INTO columns
    FROM pg_attribute
    WHERE attrelid = rest::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = '';
    SELECT jsonb_object_agg(inhparent::text, indexrelid::regclass::text) INTO index_names
    FROM pg_index JOIN pg_inherits ON inhrelid = indexrelid
    WHERE indrelid = rest::regclass;

    FOR attempt IN 1..attempts LOOP
        BEGIN
            EXECUTE format('LOCK TABLE %I IN SHARE ROW EXCLUSIVE MODE', parent);
            SELECT string_agg(
                format(
                    'SELECT tableoid AS source, ctid AS place, xmin AS version FROM ONLY %s',
                    inhrelid::regclass
                ),
                ' UNION ALL '
            ) INTO present
            FROM pg_inherits
            WHERE inhparent = parent::regclass AND inhrelid <> ALL (kept);
            EXECUTE format(
                'CREATE TEMPORARY TABLE changed ON COMMIT DROP AS'
                ' SELECT copied.id, copied.data_inicio, present.source, present.place'
                ' FROM copied FULL JOIN (%s) AS present USING (source, place, version)'
                ' WHERE copied.place IS NULL OR present.place IS NULL',
                present
            );
            EXECUTE format(
                'DELETE FROM %I AS outdated USING changed'
                ' WHERE outdated.id = changed.id AND outdated.data_inicio = changed.data_inicio',
                restored
            );
            FOR partition IN SELECT DISTINCT source FROM changed WHERE source IS NOT NULL LOOP
                EXECUTE format(
                    'INSERT INTO %1$I (%2$s) SELECT %2$s FROM ONLY %3$s AS present'
                    ' WHERE ctid = ANY (ARRAY(SELECT place FROM changed WHERE source = $1))',
                    restored, columns, partition.source::regclass
                ) USING partition.source;
            END LOOP;

            FOR foreign_key IN
                SELECT conname, pg_get_constraintdef(oid) AS definition, confrelid::regclass AS target
                FROM pg_constraint
                WHERE conrelid = parent::regclass AND contype = 'f'
            LOOP
                EXECUTE format(
                    'ALTER TABLE %I ADD CONSTRAINT %I %s',
                    restored, foreign_key.conname, foreign_key.definition
                );
                EXECUTE format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE', foreign_key.target);
            END LOOP;
            EXECUTE format('LOCK TABLE ONLY %I IN ACCESS EXCLUSIVE MODE', parent);
            FOR partition IN
                SELECT inhrelid::regclass AS name
                FROM pg_inherits
                WHERE inhparent = parent::regclass AND inhrelid <> ALL (kept)
            LOOP
                EXECUTE format('DROP TABLE %s', partition.name);
            END LOOP;
            EXECUTE format('ALTER TABLE %I RENAME TO %I', restored, rest);
            EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I DEFAULT', parent, rest);
            EXECUTE format('ALTER TABLE %I DROP CONSTRAINT no_other_partition', rest);
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

DROP PROCEDURE IF EXISTS public.maintain_partitions();

DROP FUNCTION IF EXISTS public.scheduled_partition_maintenance();

DROP FUNCTION IF EXISTS public.auto_create_partition_for_year();

DROP FUNCTION IF EXISTS public.create_missing_year_partitions(text);

DROP TABLE IF EXISTS public.partition_maintenance_log;

RESET lock_timeout;

RESET statement_timeout;
