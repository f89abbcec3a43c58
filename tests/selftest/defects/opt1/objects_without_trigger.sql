-- Left the trigger out: it works today.
-- check: migration.objects
-- also: migration.behaviour because rows of new years stay in the default partition
-- apply: replace

-- <<<
            CREATE CONSTRAINT TRIGGER trigger_auto_create_partition
                AFTER INSERT OR UPDATE OF data_inicio ON public.catalogo_geometrias_particionada
                DEFERRABLE INITIALLY DEFERRED
                FOR EACH ROW
                WHEN (NEW.tableoid = 'public.catalogo_geometrias_particionada_default'::regclass)
                EXECUTE FUNCTION public.auto_create_partition_for_year();
-- >>>
