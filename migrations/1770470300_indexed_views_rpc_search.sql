-- OPT3: an indexed materialized view with the Portuguese text vectors behind search_catalogo().
--
-- The search computed every match's vector again to rank it, and read all geometries of the window
-- before it knew which items match. The view stores, for each active item, its vector under a GIN
-- index and the extent of its valid geometries under a GiST index. The function now ranks the items
-- first and looks at the geometries of one after the other, over (catalogo_id, is_valid), until it
-- has as many as were asked for. Signature and rows stay the same.
--
-- Counts and areas are read from the table itself and never stale. Which items are found, under which
-- name and rank, is as of the last REFRESH MATERIALIZED VIEW CONCURRENTLY, for which the unique index
-- is there. That may be 15 minutes ago; search_catalogo_staleness() tells how long ago it was.
--
-- Sources: PostgreSQL manual, 41.3 Materialized Views; REFRESH MATERIALIZED VIEW; 12.9 Preferred
-- Index Types for Text Search; 12.3.3 Ranking Search Results.

SET lock_timeout = '100ms';

SET statement_timeout = '15min';

DO $$
BEGIN
    IF to_regclass('public.catalogo_busca') IS NULL THEN
        CREATE MATERIALIZED VIEW public.catalogo_busca AS
        SELECT
            c.id AS catalogo_id,
            c.nome,
            c.tipo,
            to_tsvector('portuguese', c.nome || ' ' || c.descricao) AS vetor,
            ST_SetSRID(ST_Extent(g.geometry)::geometry, 31983) AS alcance,
            statement_timestamp() AS atualizado_em
        FROM public.catalogo AS c
        JOIN public.catalogo_geometrias_particionada AS g ON g.catalogo_id = c.id
        WHERE c.status = 'ativo' AND g.is_valid
        GROUP BY c.id;

        CREATE UNIQUE INDEX catalogo_busca_catalogo_id_idx ON public.catalogo_busca (catalogo_id);

        CREATE INDEX catalogo_busca_vetor_idx ON public.catalogo_busca USING gin (vetor);

        CREATE INDEX catalogo_busca_alcance_idx ON public.catalogo_busca USING gist (alcance);

        COMMENT ON MATERIALIZED VIEW public.catalogo_busca IS
            'Itens ativos com vetor de busca e alcance; atualizar ao menos a cada 15 minutos';

        GRANT SELECT ON public.catalogo_busca TO PUBLIC;

        ANALYZE public.catalogo_busca;
    END IF;
END
$$;

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
AS $$
    SELECT
        item.catalogo_id,
        item.nome,
        item.tipo,
        inside.geometrias,
        inside.area_m2,
        item.relevancia
    FROM (
        SELECT
            b.catalogo_id,
            b.nome,
            b.tipo,
            ts_rank(b.vetor, websearch_to_tsquery('portuguese', p_query)) AS relevancia
        FROM catalogo_busca AS b
        WHERE b.vetor @@ websearch_to_tsquery('portuguese', p_query)
            AND b.alcance && ST_MakeEnvelope(p_minx, p_miny, p_maxx, p_maxy, 31983)
        ORDER BY relevancia DESC, b.catalogo_id
    ) AS item
    CROSS JOIN LATERAL (
        SELECT
            count(*) AS geometrias,
            sum(round(ST_Area(g.geometry)::numeric, 3)) AS area_m2
        FROM (
            -- OFFSET keeps the window out of this scan: not knowing its size, the planner would
            -- take the spatial index and read the whole window again for every item.
            SELECT geometry
            FROM catalogo_geometrias_particionada
            WHERE catalogo_id = item.catalogo_id AND is_valid
            OFFSET 0
        ) AS g
        WHERE g.geometry && ST_MakeEnvelope(p_minx, p_miny, p_maxx, p_maxy, 31983)
    ) AS inside
    WHERE inside.geometrias > 0
    ORDER BY item.relevancia DESC, item.catalogo_id
    LIMIT p_limit
$$;

CREATE OR REPLACE FUNCTION public.search_catalogo_staleness()
RETURNS interval
LANGUAGE sql
VOLATILE
SECURITY INVOKER
SET search_path = public, pg_temp
AS $$
    SELECT clock_timestamp() - min(atualizado_em) FROM catalogo_busca
$$;

COMMENT ON FUNCTION public.search_catalogo_staleness IS
    'Tempo desde a última atualização da busca; no máximo 15 minutos';

RESET lock_timeout;

RESET statement_timeout;
