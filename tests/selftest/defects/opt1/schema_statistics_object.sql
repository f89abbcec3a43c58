-- Left an extended statistics object behind.
-- check: migration.schema_unchanged
-- apply: append

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_statistic_ext WHERE stxname = 'catalogo_tipo_status') THEN
        CREATE STATISTICS public.catalogo_tipo_status ON tipo, status FROM public.catalogo;
    END IF;
END
$$;
