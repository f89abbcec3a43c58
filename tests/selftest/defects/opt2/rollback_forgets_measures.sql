-- Left the measures behind, in case somebody wants them again.
-- check: rollback.objects_gone
-- script: rollback
-- also: rollback.schema_identical because it was not there before
-- apply: replace

-- <<<
DROP TABLE IF EXISTS public.catalogo_geometrias_medidas;
-- >>>
