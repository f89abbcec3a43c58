-- Left the view behind.
-- check: rollback.objects_gone
-- script: rollback
-- also: rollback.schema_identical because it was not there before
-- apply: replace

-- <<<
DROP MATERIALIZED VIEW IF EXISTS public.catalogo_busca;
-- >>>
