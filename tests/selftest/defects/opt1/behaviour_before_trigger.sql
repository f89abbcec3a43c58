-- Made it a BEFORE trigger, which cannot work: rows are routed first.
-- check: migration.behaviour.new_year
-- apply: replace

-- <<<
            CREATE CONSTRAINT TRIGGER trigger_auto_create_partition
                AFTER INSERT OR UPDATE OF data_inicio ON public.catalogo_geometrias_particionada
                DEFERRABLE INITIALLY DEFERRED
                FOR EACH ROW
                WHEN (NEW.tableoid = 'public.catalogo_geometrias_particionada_default'::regclass)
-- >>>
            CREATE TRIGGER trigger_auto_create_partition
                BEFORE INSERT OR UPDATE OF data_inicio ON public.catalogo_geometrias_particionada
                FOR EACH ROW
                WHEN (NEW.data_inicio >= DATE '2036-01-01')
