-- Put the years from 2029 into a partition with bounds instead of the default partition.
-- script: rollback
-- check: rollback.schema_identical
-- apply: append

DO $$
BEGIN
    ALTER TABLE public.catalogo_geometrias_particionada
        DETACH PARTITION public.catalogo_geometrias_particionada_default;
    ALTER TABLE public.catalogo_geometrias_particionada
        ATTACH PARTITION public.catalogo_geometrias_particionada_default
        FOR VALUES FROM ('2029-01-01') TO (MAXVALUE);
END
$$;
