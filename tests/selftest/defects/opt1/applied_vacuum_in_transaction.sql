-- Wrapped the end of the script in a transaction.
-- check: migration.applied
-- apply: replace

-- <<<
VACUUM (ANALYZE) public.catalogo_geometrias_particionada;
-- >>>
BEGIN;

VACUUM (ANALYZE) public.catalogo_geometrias_particionada;

COMMIT;
