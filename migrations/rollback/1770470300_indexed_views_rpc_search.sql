-- Takes OPT3 back: search_catalogo() reads the tables alone again, as it did before, and the
-- materialized view goes. The function comes first, so that no search is left without its view.

SET lock_timeout = '2s';

SET statement_timeout = '15min';

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
$$;

DROP FUNCTION IF EXISTS public.search_catalogo_staleness();

DROP MATERIALIZED VIEW IF EXISTS public.catalogo_busca;

RESET lock_timeout;

RESET statement_timeout;
