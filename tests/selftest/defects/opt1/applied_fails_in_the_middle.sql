-- Divided by zero half-way, after the partitions were made.
-- check: migration.applied
-- apply: replace

-- <<<
VACUUM (ANALYZE) public.catalogo_geometrias_particionada;
-- >>>
VACUUM (ANALYZE) public.catalogo_geometrias_particionada;

SELECT 1 / count(*) FROM ONLY public.catalogo_geometrias_particionada_default;
