-- OPT2: area, perimeter and number of vertices of each geometry, stored once beside the geometries and
-- read without them.
--
-- Q8 and Q10 read every geometry to measure it again. The measures now lie in a narrow relation of
-- their own, in columnar storage if the server has it and it can be updated there, else in an ordinary
-- table, an eighth as large as the geometries'. They are asked through the view catalogo_medidas.
--
-- They are first written in the order of their use, under a BRIN index of a few kilobytes, so that a
-- query reads the pages of the uses that it asks for; rows that come later lie at the end and are read
-- with them until a VACUUM has summarised their pages. An index that holds all that the two queries
-- ask for would be as fast, but one more entry for each row made a single-row insert 24 % slower.
--
-- The numbers are never stale:
--
-- 1. Triggers follow each statement that writes to the partitioned table, rows that it moves from one
--    partition to another included, and each that writes to a partition directly.
-- 2. medidas_particoes says of which partitions the measures are kept. What a trigger cannot see shows
--    in its difference from the catalogue: a partition attached, detached, dropped or exchanged. Dates
--    of such partitions are read from the geometries themselves, exact and as slow as before, until
--    atualizar_medidas() has taken them in. The partition of a new year, with few rows, costs little.
-- 3. While the measures are taken in, batch by batch under a lock that stops writers for the length of
--    a batch and readers not at all, every partition counts as such a one.
--
-- Sources: PostgreSQL manual, 43.10 PL/pgSQL Trigger Functions (transition tables); CREATE TRIGGER;
-- 5.11.4 Partition Pruning; 63 Table Access Method; 71 BRIN Indexes.

SET lock_timeout = '100ms';

SET statement_timeout = '15min';

DO $$
BEGIN
    IF (
        SELECT relrowsecurity
        FROM pg_class
        WHERE oid = 'public.catalogo_geometrias_particionada'::regclass
    ) THEN
        RAISE feature_not_supported USING
            MESSAGE = 'catalogo_geometrias_particionada has row level security',
            HINT = 'The measures would show rows that its policies hide: give them policies first.';
    END IF;
END
$$;

DO $$
BEGIN
    IF to_regclass('public.catalogo_geometrias_medidas') IS NOT NULL THEN
        RETURN;
    END IF;
    IF EXISTS (SELECT FROM pg_am WHERE amname = 'columnar' AND amtype = 't') THEN
        BEGIN
            -- Some columnar storage can only be appended to.
            CREATE TABLE public.medidas_ensaio (id bigint, area_m2 double precision) USING columnar;
            CREATE INDEX ON public.medidas_ensaio (id);
            INSERT INTO public.medidas_ensaio VALUES (1, 1), (2, 2);
            UPDATE public.medidas_ensaio SET area_m2 = 3 WHERE id = 1;
            DELETE FROM public.medidas_ensaio WHERE id = 2;
            DROP TABLE public.medidas_ensaio;
            PERFORM set_config('default_table_access_method', 'columnar', true);
        EXCEPTION WHEN feature_not_supported THEN
            RAISE NOTICE 'Columnar storage cannot be updated here: %', SQLERRM;
        END;
    END IF;

    -- What rows are chosen by comes first: most are read no further than that.
    CREATE TABLE public.catalogo_geometrias_medidas (
        area_m2 double precision NOT NULL,
        data_inicio date NOT NULL,
        is_valid boolean NOT NULL,
        tipo_uso text,
        catalogo_id bigint NOT NULL,
        geometria_id bigint NOT NULL,
        perimetro_m double precision NOT NULL,
        vertices integer NOT NULL
    );

    -- Not unique: measures of a detached partition are left over until the next atualizar_medidas(),
    -- and must not refuse a row that is inserted anew. Looking for them with each insert (ON CONFLICT)
    -- would cost a single row a sixth of its time.
    CREATE INDEX catalogo_geometrias_medidas_geometria_id_data_inicio_idx
        ON public.catalogo_geometrias_medidas (geometria_id, data_inicio);

    IF current_setting('default_table_access_method') = 'heap' THEN
        CREATE INDEX catalogo_geometrias_medidas_tipo_uso_idx
            ON public.catalogo_geometrias_medidas USING brin (tipo_uso)
            WITH (pages_per_range = 8);
    END IF;

    -- A publication of all tables would else refuse to update it.
    ALTER TABLE public.catalogo_geometrias_medidas REPLICA IDENTITY FULL;

    COMMENT ON TABLE public.catalogo_geometrias_medidas IS
        'Medidas das geometrias, mantidas por gatilhos; consultar por catalogo_medidas';

    RAISE NOTICE 'Measures are stored in: %', current_setting('default_table_access_method');
END
$$;

-- Nobody is stopped meanwhile: what is written at the same time is put right in the batches below.
INSERT INTO public.catalogo_geometrias_medidas
    (geometria_id, catalogo_id, area_m2, perimetro_m, data_inicio, vertices, is_valid, tipo_uso)
SELECT
    id,
    catalogo_id,
    ST_Area(geometry),
    ST_Perimeter(geometry),
    data_inicio,
    ST_NPoints(geometry),
    is_valid,
    tipo_uso
FROM public.catalogo_geometrias_particionada
WHERE NOT EXISTS (SELECT FROM public.catalogo_geometrias_medidas)
ORDER BY tipo_uso, id;

ANALYZE public.catalogo_geometrias_medidas;

DO $$
BEGIN
    IF to_regclass('public.medidas_particoes') IS NULL THEN
        CREATE TABLE public.medidas_particoes (
            particao regclass NOT NULL,
            ligacao xid NOT NULL,
            desde date NOT NULL,
            ate date NOT NULL,
            pronta boolean NOT NULL DEFAULT false,
            CONSTRAINT medidas_particoes_pkey PRIMARY KEY (particao)
        );

        COMMENT ON TABLE public.medidas_particoes IS
            'Partições cujas medidas os gatilhos mantêm; prontas quando todas as linhas têm medida';
    END IF;
END
$$;

-- The xmin of an entry in pg_inherits tells a partition that was detached and attached again.
CREATE OR REPLACE VIEW public.medidas_particoes_atuais AS
SELECT
    inhrelid::regclass AS particao,
    pg_inherits.xmin AS ligacao,
    coalesce(substring(bound FROM $$FROM \('([^']+)'\)$$)::date, '-infinity') AS desde,
    coalesce(substring(bound FROM $$TO \('([^']+)'\)$$)::date, 'infinity') AS ate
FROM pg_inherits
JOIN pg_class ON oid = inhrelid
CROSS JOIN LATERAL pg_get_expr(relpartbound, oid) AS bound
WHERE inhparent = 'public.catalogo_geometrias_particionada'::regclass;

COMMENT ON VIEW public.medidas_particoes_atuais IS 'As partições que há agora, com suas datas';

CREATE OR REPLACE FUNCTION public.medidas_faltantes()
RETURNS daterange
LANGUAGE plpgsql
STABLE
SET search_path = public, pg_temp
AS $$
BEGIN
    RETURN (
        SELECT
            CASE
                WHEN count(*) = 0 THEN 'empty'
                ELSE daterange(min(desde), max(ate), '[]')
            END
        FROM (
            (
                SELECT particao, ligacao, desde, ate FROM medidas_particoes_atuais
                EXCEPT
                SELECT particao, ligacao, desde, ate FROM medidas_particoes WHERE pronta
            )
            UNION ALL
            (
                SELECT particao, ligacao, desde, ate FROM medidas_particoes
                EXCEPT
                SELECT particao, ligacao, desde, ate FROM medidas_particoes_atuais
            )
        ) AS diferentes
    );
END
$$;

COMMENT ON FUNCTION public.medidas_faltantes IS
    'Datas lidas das próprias geometrias até a próxima atualizar_medidas(); vazio se não há';

-- Comparisons with the range's ends let the server leave out partitions when the query starts.
CREATE OR REPLACE VIEW public.catalogo_medidas AS
SELECT
    geometria_id,
    data_inicio,
    extract(year FROM data_inicio)::integer AS ano,
    catalogo_id,
    tipo_uso,
    is_valid,
    area_m2,
    perimetro_m,
    vertices
FROM public.catalogo_geometrias_medidas
WHERE NOT data_inicio <@ (SELECT public.medidas_faltantes())
UNION ALL
SELECT
    id,
    data_inicio,
    extract(year FROM data_inicio)::integer,
    catalogo_id,
    tipo_uso,
    is_valid,
    public.ST_Area(geometry),
    public.ST_Perimeter(geometry),
    public.ST_NPoints(geometry)
FROM public.catalogo_geometrias_particionada
WHERE data_inicio <@ (SELECT public.medidas_faltantes())
    AND data_inicio >= (SELECT lower(public.medidas_faltantes()))
    AND data_inicio <= (SELECT upper(public.medidas_faltantes()));

COMMENT ON VIEW public.catalogo_medidas IS
    'Área, perímetro e vértices de cada geometria, sempre exatos';

-- Whoever may read the geometries may read their measures.
DO $$
DECLARE
    command text;
BEGIN
    FOR command IN
        SELECT format(
            'GRANT SELECT ON'
            ' public.catalogo_medidas, public.medidas_particoes, public.medidas_particoes_atuais TO %s',
            CASE acl.grantee WHEN 0 THEN 'PUBLIC' ELSE acl.grantee::regrole::text END
        )
        FROM pg_class, aclexplode(relacl) AS acl
        WHERE oid = 'public.catalogo_geometrias_particionada'::regclass
            AND acl.grantee <> relowner
            AND acl.privilege_type = 'SELECT'
    LOOP
        EXECUTE command;
    END LOOP;
END
$$;

-- Triggers of a partition pass an argument; they have nothing to do once it is detached.
--
-- This function has no SET clause, which would cost a single row a tenth of its insert: every name and
-- operator in it is qualified instead.
CREATE OR REPLACE FUNCTION public.incluir_medidas()
RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER
AS $$
BEGIN
    IF TG_NARGS OPERATOR(pg_catalog.<>) 0 THEN
        IF NOT EXISTS (
            SELECT FROM pg_catalog.pg_inherits
            WHERE inhrelid OPERATOR(pg_catalog.=) TG_RELID
                AND inhparent
                    OPERATOR(pg_catalog.=) 'public.catalogo_geometrias_particionada'::pg_catalog.regclass
        ) THEN
            RETURN NULL;
        END IF;
    END IF;
    INSERT INTO public.catalogo_geometrias_medidas
        (geometria_id, catalogo_id, area_m2, perimetro_m, data_inicio, vertices, is_valid, tipo_uso)
    SELECT
        id,
        catalogo_id,
        public.ST_Area(geometry),
        public.ST_Perimeter(geometry),
        data_inicio,
        public.ST_NPoints(geometry),
        is_valid,
        tipo_uso
    FROM novas;
    RETURN NULL;
END
$$;

COMMENT ON FUNCTION public.incluir_medidas IS 'Gatilho: guarda as medidas das linhas inseridas';

REVOKE ALL ON FUNCTION public.incluir_medidas FROM PUBLIC;

-- Rows whose measures are as before, the most of those that only move, are not looked for in the stored
-- ones. One statement does it all: measures that changed, rows that got another key than before, such as
-- those that went to another partition, and rows that gave theirs up.
--
-- A plan is kept for the session and made for as many rows as the first statement had. Without
-- sequential scans stored measures are looked up by their key, which suits one row and many.
CREATE OR REPLACE FUNCTION public.alterar_medidas()
RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = public, pg_temp
SET enable_seqscan = off
SET jit = off
AS $$
BEGIN
    IF TG_NARGS <> 0 THEN
        IF NOT EXISTS (
            SELECT FROM pg_inherits
            WHERE inhrelid = TG_RELID AND inhparent = 'catalogo_geometrias_particionada'::regclass
        ) THEN
            RETURN NULL;
        END IF;
    END IF;
    WITH mudancas AS MATERIALIZED (
        SELECT
            antes.id AS id_antes,
            antes.data_inicio AS data_inicio_antes,
            agora.*
        FROM (
            SELECT
                id,
                data_inicio,
                catalogo_id,
                ST_Area(geometry) AS area_m2,
                ST_Perimeter(geometry) AS perimetro_m,
                ST_NPoints(geometry) AS vertices,
                is_valid,
                tipo_uso
            FROM antigas
            OFFSET 0
        ) AS antes
        FULL JOIN (
            SELECT
                id,
                data_inicio,
                catalogo_id,
                ST_Area(geometry) AS area_m2,
                ST_Perimeter(geometry) AS perimetro_m,
                ST_NPoints(geometry) AS vertices,
                is_valid,
                tipo_uso
            FROM novas
            OFFSET 0
        ) AS agora ON agora.id = antes.id AND agora.data_inicio = antes.data_inicio
        WHERE antes IS DISTINCT FROM agora
    ),
    alteradas AS (
        UPDATE catalogo_geometrias_medidas AS m
        SET
            catalogo_id = n.catalogo_id,
            area_m2 = n.area_m2,
            perimetro_m = n.perimetro_m,
            vertices = n.vertices,
            is_valid = n.is_valid,
            tipo_uso = n.tipo_uso
        FROM mudancas AS n
        WHERE n.id_antes = n.id AND m.geometria_id = n.id AND m.data_inicio = n.data_inicio
    ),
    apagadas AS (
        DELETE FROM catalogo_geometrias_medidas AS m
        USING mudancas AS n
        WHERE n.id IS NULL
            AND m.geometria_id = n.id_antes
            AND m.data_inicio = n.data_inicio_antes
    )
    INSERT INTO catalogo_geometrias_medidas
        (geometria_id, catalogo_id, area_m2, perimetro_m, data_inicio, vertices, is_valid, tipo_uso)
    SELECT id, catalogo_id, area_m2, perimetro_m, data_inicio, vertices, is_valid, tipo_uso
    FROM mudancas
    WHERE id_antes IS NULL;
    RETURN NULL;
END
$$;

COMMENT ON FUNCTION public.alterar_medidas IS 'Gatilho: mede de novo as linhas alteradas';

REVOKE ALL ON FUNCTION public.alterar_medidas FROM PUBLIC;

CREATE OR REPLACE FUNCTION public.excluir_medidas()
RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = public, pg_temp
SET enable_hashjoin = off
SET enable_mergejoin = off
AS $$
BEGIN
    IF TG_NARGS <> 0 THEN
        IF NOT EXISTS (
            SELECT FROM pg_inherits
            WHERE inhrelid = TG_RELID AND inhparent = 'catalogo_geometrias_particionada'::regclass
        ) THEN
            RETURN NULL;
        END IF;
    END IF;
    DELETE FROM catalogo_geometrias_medidas AS m
    USING antigas AS a
    WHERE m.geometria_id = a.id AND m.data_inicio = a.data_inicio;
    RETURN NULL;
END
$$;

COMMENT ON FUNCTION public.excluir_medidas IS 'Gatilho: tira as medidas das linhas excluídas';

REVOKE ALL ON FUNCTION public.excluir_medidas FROM PUBLIC;

-- TRUNCATE of the partitioned table comes here for each partition. The default partition has the dates
-- that no other one has.
CREATE OR REPLACE FUNCTION public.esvaziar_medidas()
RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = public, pg_temp
AS $$
DECLARE
    truncada record;
BEGIN
    SELECT * INTO truncada FROM medidas_particoes_atuais WHERE particao = TG_RELID;
    DELETE FROM catalogo_geometrias_medidas AS m
    WHERE m.data_inicio >= truncada.desde
        AND m.data_inicio <= truncada.ate
        AND NOT EXISTS (
            SELECT FROM medidas_particoes_atuais AS outra
            WHERE outra.desde > '-infinity'
                AND outra.particao <> TG_RELID
                AND m.data_inicio >= outra.desde
                AND m.data_inicio < outra.ate
        );
    RETURN NULL;
END
$$;

COMMENT ON FUNCTION public.esvaziar_medidas IS 'Gatilho: tira as medidas de uma partição truncada';

REVOKE ALL ON FUNCTION public.esvaziar_medidas FROM PUBLIC;

-- Stops writers to the partitioned table and to its partitions until the end of the transaction.
CREATE OR REPLACE FUNCTION public.deter_escritas_para_medidas()
RETURNS void
LANGUAGE plpgsql
SET search_path = public, pg_temp
SET lock_timeout = '100ms'
AS $$
DECLARE
    attempts CONSTANT integer := 60;
BEGIN
    FOR attempt IN 1..attempts LOOP
        BEGIN
            LOCK TABLE catalogo_geometrias_particionada IN SHARE ROW EXCLUSIVE MODE;
            RETURN;
        EXCEPTION WHEN lock_not_available THEN
            IF attempt = attempts THEN
                RAISE;
            END IF;
            PERFORM pg_sleep(0.1 + random() * 0.3);
        END;
    END LOOP;
END
$$;

COMMENT ON FUNCTION public.deter_escritas_para_medidas IS
    'Espera, sem deter ninguém por mais de 100 ms, até que não haja escritas em curso';

REVOKE ALL ON FUNCTION public.deter_escritas_para_medidas FROM PUBLIC;

-- Puts triggers on the partitioned table and on the partitions that have none, in the caller's
-- transaction, under the lock of the function above.
CREATE OR REPLACE FUNCTION public.acompanhar_particoes_para_medidas()
RETURNS void
LANGUAGE plpgsql
SET search_path = public, pg_temp
AS $$
DECLARE
    command text;
BEGIN
    FOR command IN
        SELECT format(
            'CREATE TRIGGER %I AFTER %s ON %s %s FOR EACH STATEMENT EXECUTE FUNCTION %I(%s)',
            kind.name, kind.event, target.relid, kind.tables, kind.name, target.argument
        )
        FROM (
            SELECT 'catalogo_geometrias_particionada'::regclass, ''
            UNION ALL
            SELECT particao, quote_literal('particao') FROM medidas_particoes_atuais
        ) AS target (relid, argument)
        CROSS JOIN (
            VALUES
                ('incluir_medidas', 'INSERT', 'REFERENCING NEW TABLE AS novas'),
                (
                    'alterar_medidas',
                    'UPDATE',
                    'REFERENCING OLD TABLE AS antigas NEW TABLE AS novas'
                ),
                ('excluir_medidas', 'DELETE', 'REFERENCING OLD TABLE AS antigas'),
                ('esvaziar_medidas', 'TRUNCATE', '')
        ) AS kind (name, event, tables)
        WHERE NOT (kind.event = 'TRUNCATE' AND target.argument = '')
            AND NOT EXISTS (
                SELECT FROM pg_trigger WHERE tgrelid = target.relid AND tgname = kind.name
            )
    LOOP
        EXECUTE command;
    END LOOP;
    INSERT INTO medidas_particoes AS antes (particao, ligacao, desde, ate)
    SELECT particao, ligacao, desde, ate FROM medidas_particoes_atuais
    ON CONFLICT (particao) DO UPDATE
    SET ligacao = EXCLUDED.ligacao, desde = EXCLUDED.desde, ate = EXCLUDED.ate, pronta = false
    WHERE (antes.ligacao, antes.desde, antes.ate)
        IS DISTINCT FROM (EXCLUDED.ligacao, EXCLUDED.desde, EXCLUDED.ate);
END
$$;

COMMENT ON FUNCTION public.acompanhar_particoes_para_medidas IS
    'Cria os gatilhos das medidas onde faltam e anota as partições que os têm';

REVOKE ALL ON FUNCTION public.acompanhar_particoes_para_medidas FROM PUBLIC;

-- Puts right the measures of some ids: those that are missing, wrong, doubled or of no row. Until the
-- end of the caller's transaction nobody writes. Returns the last of these ids; null when there are no
-- more.
CREATE OR REPLACE FUNCTION public.medir_lote(p_depois_de bigint, p_linhas integer)
RETURNS bigint
LANGUAGE plpgsql
SET search_path = public, pg_temp
AS $$
DECLARE
    last bigint;
    upto bigint;
BEGIN
    PERFORM deter_escritas_para_medidas();
    SELECT max(id) INTO last
    FROM (
        SELECT id FROM catalogo_geometrias_particionada
        WHERE id > p_depois_de
        ORDER BY id
        LIMIT p_linhas
    ) AS batch;
    upto := coalesce(last, 9223372036854775807);

    DELETE FROM catalogo_geometrias_medidas AS m
    WHERE m.geometria_id > p_depois_de
        AND m.geometria_id <= upto
        AND NOT EXISTS (
            SELECT FROM catalogo_geometrias_particionada AS g
            WHERE g.id = m.geometria_id
                AND g.data_inicio = m.data_inicio
                AND g.id > p_depois_de
                AND g.id <= upto
                AND g.catalogo_id = m.catalogo_id
                AND ST_Area(g.geometry) = m.area_m2
                AND ST_Perimeter(g.geometry) = m.perimetro_m
                AND ST_NPoints(g.geometry) = m.vertices
                AND g.is_valid = m.is_valid
                AND g.tipo_uso IS NOT DISTINCT FROM m.tipo_uso
        );
    DELETE FROM catalogo_geometrias_medidas AS m
    USING catalogo_geometrias_medidas AS earlier
    WHERE m.geometria_id > p_depois_de
        AND m.geometria_id <= upto
        AND earlier.geometria_id > p_depois_de
        AND earlier.geometria_id <= upto
        AND earlier.geometria_id = m.geometria_id
        AND earlier.data_inicio = m.data_inicio
        AND earlier.ctid < m.ctid;
    INSERT INTO catalogo_geometrias_medidas
        (geometria_id, catalogo_id, area_m2, perimetro_m, data_inicio, vertices, is_valid, tipo_uso)
    SELECT
        g.id,
        g.catalogo_id,
        ST_Area(g.geometry),
        ST_Perimeter(g.geometry),
        g.data_inicio,
        ST_NPoints(g.geometry),
        g.is_valid,
        g.tipo_uso
    FROM catalogo_geometrias_particionada AS g
    WHERE g.id > p_depois_de
        AND g.id <= upto
        AND NOT EXISTS (
            SELECT FROM catalogo_geometrias_medidas AS m
            WHERE m.geometria_id > p_depois_de
                AND m.geometria_id <= upto
                AND m.geometria_id = g.id
                AND m.data_inicio = g.data_inicio
        );
    RETURN last;
END
$$;

COMMENT ON FUNCTION public.medir_lote IS 'Mede as linhas de um lote de ids, sem escritas em curso';

REVOKE ALL ON FUNCTION public.medir_lote FROM PUBLIC;

-- Every partition that the triggers have followed since before the first batch is done after the last.
-- Returns whether that is all of them: one may have come meanwhile.
CREATE OR REPLACE FUNCTION public.concluir_medidas()
RETURNS boolean
LANGUAGE plpgsql
SET search_path = public, pg_temp
AS $$
BEGIN
    PERFORM deter_escritas_para_medidas();
    IF EXISTS (
        SELECT particao, ligacao, desde, ate FROM medidas_particoes_atuais
        EXCEPT
        SELECT particao, ligacao, desde, ate FROM medidas_particoes
    ) THEN
        RETURN false;
    END IF;
    DELETE FROM medidas_particoes
    WHERE particao NOT IN (SELECT atual.particao FROM medidas_particoes_atuais AS atual);
    UPDATE medidas_particoes SET pronta = true WHERE NOT pronta;
    RETURN true;
END
$$;

COMMENT ON FUNCTION public.concluir_medidas IS 'Declara prontas as partições, se nenhuma veio depois';

REVOKE ALL ON FUNCTION public.concluir_medidas FROM PUBLIC;

-- For a person, a scheduler or a migration: takes in partitions that came or went, and measures every
-- row again, a transaction for each batch. A procedure that commits can have no SET clause, so its names
-- are qualified.
CREATE OR REPLACE PROCEDURE public.atualizar_medidas()
LANGUAGE plpgsql
AS $$
DECLARE
    rounds CONSTANT integer := 5;
    batch CONSTANT integer := 5000;
    last bigint;
    done boolean;
BEGIN
    FOR round IN 1..rounds LOOP
        PERFORM public.deter_escritas_para_medidas();
        PERFORM public.acompanhar_particoes_para_medidas();
        COMMIT;
        last := -9223372036854775808;
        WHILE last IS NOT NULL LOOP
            last := public.medir_lote(last, batch);
            COMMIT;
            PERFORM pg_sleep(0.03);
        END LOOP;
        done := public.concluir_medidas();
        COMMIT;
        EXIT WHEN done;
    END LOOP;
    IF NOT done THEN
        RAISE object_in_use USING
            MESSAGE = 'the partitions changed again and again while they were measured',
            HINT = 'Call it again when nobody makes partitions. Until then no answer is wrong.';
    END IF;
END
$$;

COMMENT ON PROCEDURE public.atualizar_medidas IS
    'Mede todas as geometrias e passa a ler as medidas também das partições novas';

REVOKE ALL ON PROCEDURE public.atualizar_medidas FROM PUBLIC;

CALL public.atualizar_medidas();

-- For the planner, and so that the first readers need not mark each row as committed.
SET lock_timeout = '10s';

VACUUM (ANALYZE) public.catalogo_geometrias_medidas;

RESET lock_timeout;

RESET statement_timeout;
