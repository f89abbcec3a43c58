-- Base of the series: the flat table catalogo_geometrias becomes the partitioned
-- catalogo_geometrias_particionada, one partition for each of 2026, 2027 and 2028 and a default one.
--
-- Readers and writers go on meanwhile, with the old table up to one short step:
--
-- 1. A trigger writes down the id of every row that is inserted, changed or deleted from now on.
--    Making it waits for the writers at work, so whatever is committed later is either in the copy's
--    snapshot or written down.
-- 2. The rows are copied into the new table without a lock that stops anyone, ordered by geometry
--    (PostGIS sorts by the Hilbert code of the bounding box's centre), so that neighbours on the
--    ground are neighbours on disk: in the order of entry, four indexes instead of one would make
--    spatial queries slower. Indexes, the foreign key and statistics follow. Only the owner has a
--    privilege on the new table so far.
-- 3. What was written down is put right in the new table, again and again without a lock, until
--    little is left.
-- 4. SHARE ROW EXCLUSIVE on the old table stops writers, not readers, while the rest is put right;
--    ACCESS EXCLUSIVE then lasts for the change of the catalogue: the identity goes on where the old
--    one was, search_catalogo() reads the new table, the old table goes. The referenced table is
--    locked as well, and first: dropping the foreign key drops its own triggers there.
--
-- A client that still names the old table gets undefined_table (42P01) from then on, and finds the
-- same rows under the new name.
--
-- Every lock is asked for with a lock_timeout below deadlock_timeout and tried again after a pause.
-- The script may be run again, whatever point it was interrupted at: as long as the old table is
-- there, the copy is begun anew; step 4 is one transaction.
--
-- Not safe for a REPEATABLE READ transaction that began before the old table went and reads the new
-- one afterwards: it sees what was copied before it began.
--
-- Sources: PostgreSQL manual, 5.11.2 Declarative Partitioning; ALTER TABLE, ADD table_constraint;
-- CREATE TRIGGER; 13.3 Explicit Locking; 13.5 Caveats; CREATE FUNCTION, Writing SECURITY DEFINER
-- Functions Safely. PostGIS manual, Spatial Indexes (Hilbert order).

SET lock_timeout = '100ms';

SET statement_timeout = '15min';

-- What an interrupted run left goes; then changes are written down.
DO $$
DECLARE
    attempts CONSTANT integer := 40;
BEGIN
    IF to_regclass('public.catalogo_geometrias_particionada_alteradas') IS NOT NULL THEN
        RAISE object_not_in_prerequisite_state USING
            MESSAGE = 'the rollback of this migration was interrupted',
            HINT = 'Run it to its end, then this script again.';
    END IF;
    IF to_regclass('public.catalogo_geometrias') IS NULL THEN
        RETURN;
    END IF;
    IF EXISTS (
        SELECT FROM pg_trigger
        WHERE tgrelid = 'public.catalogo_geometrias'::regclass
            AND NOT tgisinternal
            AND tgname NOT LIKE 'anotar_catalogo_geometrias%'
    ) OR EXISTS (
        SELECT FROM pg_policy WHERE polrelid = 'public.catalogo_geometrias'::regclass
    ) OR EXISTS (
        SELECT FROM pg_attribute
        WHERE attrelid = 'public.catalogo_geometrias'::regclass AND attacl IS NOT NULL
    ) OR 3 <> (
        SELECT count(*) FROM pg_index WHERE indrelid = 'public.catalogo_geometrias'::regclass
    ) THEN
        RAISE feature_not_supported USING
            MESSAGE = 'catalogo_geometrias has a trigger, policy, privilege on a column or index'
                ' that the new table would not have',
            HINT = 'Add it to this script first.';
    END IF;
    IF to_regclass('public.catalogo_geometrias_alteradas') IS NULL THEN
        IF to_regclass('public.catalogo_geometrias_particionada') IS NOT NULL THEN
            RAISE duplicate_table USING
                MESSAGE = 'catalogo_geometrias_particionada is there already, and so is the flat table',
                HINT = 'Find out which of them is in use; this script did not make both.';
        END IF;
        CREATE TABLE public.catalogo_geometrias_alteradas (id bigint NOT NULL);
    END IF;

    CREATE OR REPLACE FUNCTION public.anotar_catalogo_geometrias()
    RETURNS trigger
    LANGUAGE plpgsql
    SECURITY DEFINER
    SET search_path = public, pg_temp
    AS $function$
    BEGIN
        IF TG_OP = 'TRUNCATE' THEN
            INSERT INTO catalogo_geometrias_alteradas SELECT id FROM catalogo_geometrias;
            RETURN NULL;
        END IF;
        IF TG_OP <> 'INSERT' THEN
            INSERT INTO catalogo_geometrias_alteradas VALUES (OLD.id);
        END IF;
        IF TG_OP = 'INSERT' OR TG_OP = 'UPDATE' AND NEW.id <> OLD.id THEN
            INSERT INTO catalogo_geometrias_alteradas VALUES (NEW.id);
        END IF;
        RETURN NULL;
    END
    $function$;
    REVOKE ALL ON FUNCTION public.anotar_catalogo_geometrias FROM PUBLIC;

    FOR attempt IN 1..attempts LOOP
        EXIT WHEN EXISTS (
            SELECT FROM pg_trigger
            WHERE tgrelid = 'public.catalogo_geometrias'::regclass
                AND tgname = 'anotar_catalogo_geometrias'
        );
        BEGIN
            CREATE TRIGGER anotar_catalogo_geometrias
                AFTER INSERT OR UPDATE OR DELETE ON public.catalogo_geometrias
                FOR EACH ROW EXECUTE FUNCTION public.anotar_catalogo_geometrias();
            CREATE TRIGGER anotar_catalogo_geometrias_truncate
                BEFORE TRUNCATE ON public.catalogo_geometrias
                FOR EACH STATEMENT EXECUTE FUNCTION public.anotar_catalogo_geometrias();
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
BEGIN
    IF to_regclass('public.catalogo_geometrias') IS NULL THEN
        RETURN;
    END IF;
    IF to_regclass('public.catalogo_geometrias_particionada') IS NOT NULL THEN
        DROP TABLE public.catalogo_geometrias_particionada;
    END IF;

    CREATE TABLE public.catalogo_geometrias_particionada (
        id bigint GENERATED BY DEFAULT AS IDENTITY,
        catalogo_id bigint NOT NULL,
        geometry public.geometry(MultiPolygon, 31983) NOT NULL,
        tipo_uso text,
        is_valid boolean NOT NULL DEFAULT true,
        data_inicio date NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz NOT NULL DEFAULT now()
    ) PARTITION BY RANGE (data_inicio);

    CREATE TABLE public.catalogo_geometrias_particionada_2026
        PARTITION OF public.catalogo_geometrias_particionada
        FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');

    CREATE TABLE public.catalogo_geometrias_particionada_2027
        PARTITION OF public.catalogo_geometrias_particionada
        FOR VALUES FROM ('2027-01-01') TO ('2028-01-01');

    CREATE TABLE public.catalogo_geometrias_particionada_2028
        PARTITION OF public.catalogo_geometrias_particionada
        FOR VALUES FROM ('2028-01-01') TO ('2029-01-01');

    CREATE TABLE public.catalogo_geometrias_particionada_default
        PARTITION OF public.catalogo_geometrias_particionada DEFAULT;

    COMMENT ON TABLE public.catalogo_geometrias_particionada IS
        'Geometrias do catálogo, por ano de início da vigência';
    COMMENT ON COLUMN public.catalogo_geometrias_particionada.data_inicio IS
        'Início da vigência do uso planejado';

    INSERT INTO public.catalogo_geometrias_particionada (
        id, catalogo_id, geometry, tipo_uso, is_valid, data_inicio, created_at, updated_at
    )
    SELECT id, catalogo_id, geometry, tipo_uso, is_valid, data_inicio, created_at, updated_at
    FROM public.catalogo_geometrias
    ORDER BY geometry, id;

    ALTER TABLE public.catalogo_geometrias_particionada
        ADD CONSTRAINT catalogo_geometrias_particionada_pkey PRIMARY KEY (id, data_inicio);

    CREATE INDEX catalogo_geometrias_particionada_catalogo_id_is_valid_idx
        ON public.catalogo_geometrias_particionada (catalogo_id, is_valid);

    CREATE INDEX catalogo_geometrias_particionada_geometry_idx
        ON public.catalogo_geometrias_particionada USING gist (geometry);
END
$$;

-- A foreign key of a partitioned table cannot be added without being validated, under a lock that
-- stops writers of the referenced table. So every partition gets its own first, validated under a
-- lock that stops nobody, and the partitioned table's then takes them over.
DO $$
DECLARE
    attempts CONSTANT integer := 40;
    partition regclass;
BEGIN
    IF to_regclass('public.catalogo_geometrias') IS NULL THEN
        RETURN;
    END IF;
    FOR attempt IN 1..attempts LOOP
        BEGIN
            FOR partition IN
                SELECT inhrelid
                FROM pg_inherits
                WHERE inhparent = 'public.catalogo_geometrias_particionada'::regclass
                    AND NOT EXISTS (
                        SELECT FROM pg_constraint WHERE conrelid = inhrelid AND contype = 'f'
                    )
            LOOP
                EXECUTE format(
                    'ALTER TABLE %s ADD CONSTRAINT catalogo_geometrias_particionada_catalogo_id_fkey'
                    ' FOREIGN KEY (catalogo_id) REFERENCES public.catalogo (id) NOT VALID',
                    partition
                );
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
    attempts CONSTANT integer := 40;
    partition regclass;
BEGIN
    IF to_regclass('public.catalogo_geometrias') IS NULL THEN
        RETURN;
    END IF;
    FOR partition IN
        SELECT conrelid
        FROM pg_inherits JOIN pg_constraint ON conrelid = inhrelid
        WHERE inhparent = 'public.catalogo_geometrias_particionada'::regclass
            AND contype = 'f'
            AND NOT convalidated
    LOOP
        EXECUTE format(
            'ALTER TABLE %s VALIDATE CONSTRAINT catalogo_geometrias_particionada_catalogo_id_fkey',
            partition
        );
    END LOOP;
    COMMIT;

    FOR attempt IN 1..attempts LOOP
        EXIT WHEN EXISTS (
            SELECT FROM pg_constraint
            WHERE conrelid = 'public.catalogo_geometrias_particionada'::regclass AND contype = 'f'
        );
        BEGIN
            ALTER TABLE public.catalogo_geometrias_particionada
                ADD CONSTRAINT catalogo_geometrias_particionada_catalogo_id_fkey
                FOREIGN KEY (catalogo_id) REFERENCES public.catalogo (id);
        EXCEPTION WHEN lock_not_available THEN
            IF attempt = attempts THEN
                RAISE;
            END IF;
            PERFORM pg_sleep(0.2);
        END;
    END LOOP;
END
$$;

-- Marks the pages as visible to all, without which no index-only scan is one.
VACUUM (ANALYZE) public.catalogo_geometrias_particionada;

DO $$
DECLARE
    few CONSTANT integer := 50;
    rounds CONSTANT integer := 20;
    ids bigint[];
BEGIN
    IF to_regclass('public.catalogo_geometrias') IS NULL THEN
        RETURN;
    END IF;
    FOR round IN 1..rounds LOOP
        WITH taken AS (
            DELETE FROM public.catalogo_geometrias_alteradas RETURNING id
        )
        SELECT array_agg(DISTINCT id) INTO ids FROM taken;
        DELETE FROM public.catalogo_geometrias_particionada WHERE id = ANY (ids);
        INSERT INTO public.catalogo_geometrias_particionada (
            id, catalogo_id, geometry, tipo_uso, is_valid, data_inicio, created_at, updated_at
        )
        SELECT id, catalogo_id, geometry, tipo_uso, is_valid, data_inicio, created_at, updated_at
        FROM public.catalogo_geometrias
        WHERE id = ANY (ids);
        COMMIT;
        EXIT WHEN coalesce(cardinality(ids), 0) < few;
    END LOOP;
END
$$;

DO $$
DECLARE
    attempts CONSTANT integer := 60;
    ids bigint[];
    command text;
BEGIN
    IF to_regclass('public.catalogo_geometrias') IS NULL THEN
        RETURN;
    END IF;
    FOR attempt IN 1..attempts LOOP
        BEGIN
            LOCK TABLE public.catalogo_geometrias IN SHARE ROW EXCLUSIVE MODE;
            SELECT array_agg(DISTINCT id) INTO ids
            FROM public.catalogo_geometrias_alteradas;
            DELETE FROM public.catalogo_geometrias_particionada WHERE id = ANY (ids);
            INSERT INTO public.catalogo_geometrias_particionada (
                id, catalogo_id, geometry, tipo_uso, is_valid, data_inicio, created_at, updated_at
            )
            SELECT id, catalogo_id, geometry, tipo_uso, is_valid, data_inicio, created_at, updated_at
            FROM public.catalogo_geometrias
            WHERE id = ANY (ids);

            LOCK TABLE public.catalogo IN ACCESS EXCLUSIVE MODE;
            LOCK TABLE public.catalogo_geometrias IN ACCESS EXCLUSIVE MODE;
            PERFORM setval(
                'public.catalogo_geometrias_particionada_id_seq', last_value, is_called
            )
            FROM public.catalogo_geometrias_id_seq;
            FOR command IN
                SELECT format('ALTER TABLE %s OWNER TO %s', made.relid, flat.relowner::regrole)
                FROM pg_class AS flat,
                    pg_partition_tree('public.catalogo_geometrias_particionada') AS made
                WHERE flat.oid = 'public.catalogo_geometrias'::regclass
                UNION ALL
                SELECT format(
                    'GRANT %s ON %s TO %s%s',
                    acl.privilege_type,
                    made.relid,
                    CASE acl.grantee WHEN 0 THEN 'PUBLIC' ELSE acl.grantee::regrole::text END,
                    CASE WHEN acl.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END
                )
                FROM pg_class AS flat,
                    aclexplode(flat.relacl) AS acl,
                    pg_partition_tree('public.catalogo_geometrias_particionada') AS made
                WHERE flat.oid = 'public.catalogo_geometrias'::regclass
                    AND acl.grantee <> flat.relowner
            LOOP
                EXECUTE command;
            END LOOP;
            EXECUTE $search$
                CREATE OR REPLACE FUNCTION public.search_catalogo(
                    p_query text,
                    p_minx double precision,
                    p_miny double precision,
                    p_maxx double precision,
                    p_maxy double precision,
                    p_limit integer DEFAULT 50
                )
                RETURNS TABLE (
                    catalogo_id bigint,
                    nome text,
                    tipo text,
                    geometrias bigint,
                    area_m2 numeric,
                    relevancia real
                )
                LANGUAGE sql
                STABLE
                SECURITY INVOKER
                SET search_path = public, pg_temp
                AS $body$
    -- Materialized, so that the few items are hashed and not the parcels: how many of these lie in the
    -- window the planner cannot know, and it takes them for few.
    WITH itens AS MATERIALIZED (
        SELECT
            id,
            nome,
            tipo,
            ts_rank(
                to_tsvector('portuguese', nome || ' ' || descricao),
                websearch_to_tsquery('portuguese', p_query)
            ) AS relevancia
        FROM catalogo
        WHERE to_tsvector('portuguese', nome || ' ' || descricao)
                @@ websearch_to_tsquery('portuguese', p_query)
            AND status = 'ativo'
    )
    SELECT
        i.id,
        i.nome,
        i.tipo,
        count(*),
        sum(round(ST_Area(g.geometry)::numeric, 3)),
        i.relevancia
    FROM itens AS i
    JOIN catalogo_geometrias_particionada AS g ON g.catalogo_id = i.id
    WHERE g.is_valid
        AND g.geometry && ST_MakeEnvelope(p_minx, p_miny, p_maxx, p_maxy, 31983)
    GROUP BY i.id, i.nome, i.tipo, i.relevancia
    ORDER BY i.relevancia DESC, i.id
    LIMIT p_limit
$body$
            $search$;
            DROP TABLE public.catalogo_geometrias;
            DROP TABLE public.catalogo_geometrias_alteradas;
            DROP FUNCTION public.anotar_catalogo_geometrias();
            RAISE NOTICE 'Table: catalogo_geometrias_particionada - Status: IN USE';
            EXIT;
        EXCEPTION WHEN lock_not_available THEN
            IF attempt = attempts THEN
                RAISE;
            END IF;
            PERFORM pg_sleep(0.1 + random() * 0.2);
        END;
    END LOOP;
END
$$;

RESET lock_timeout;

RESET statement_timeout;
