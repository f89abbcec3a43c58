-- Wrote down what is inserted and deleted during the copy, not what is updated.
-- check: migration.writes_kept
-- apply: replace

-- <<<
                AFTER INSERT OR UPDATE OR DELETE ON public.catalogo_geometrias
-- >>>
                AFTER INSERT OR DELETE ON public.catalogo_geometrias
-- <<<
VACUUM (ANALYZE) public.catalogo_geometrias_particionada;
-- >>>
VACUUM (ANALYZE) public.catalogo_geometrias_particionada;

SELECT pg_sleep(3);
