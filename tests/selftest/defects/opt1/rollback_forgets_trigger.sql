-- Disabled the trigger instead of dropping it; the server refuses to drop what it refers to.
-- script: rollback
-- check: rollback.clean
-- apply: replace

-- <<<
            DROP TRIGGER trigger_auto_create_partition ON public.catalogo_geometrias_particionada;
-- >>>
            ALTER TABLE public.catalogo_geometrias_particionada
                DISABLE TRIGGER trigger_auto_create_partition;
            EXIT;
