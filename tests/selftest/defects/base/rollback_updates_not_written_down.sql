-- Wrote down what is inserted and deleted during the copy, not what is updated.
-- check: rollback.writes_kept
-- script: rollback
-- apply: replace

-- <<<
                AFTER INSERT OR UPDATE OR DELETE ON public.catalogo_geometrias_particionada
-- >>>
                AFTER INSERT OR DELETE ON public.catalogo_geometrias_particionada
-- <<<
VACUUM (ANALYZE) public.catalogo_geometrias;
-- >>>
VACUUM (ANALYZE) public.catalogo_geometrias;

SELECT pg_sleep(3);
