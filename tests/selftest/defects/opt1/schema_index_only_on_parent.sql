-- Made an index ON ONLY the partitioned table and never attached one of a partition.
-- check: migration.schema_unchanged
-- also: migration.indexes_valid because an index without its parts is not valid
-- apply: append

DO $$
BEGIN
    IF to_regclass('public.geometrias_tipo_uso_idx') IS NULL THEN
        CREATE INDEX geometrias_tipo_uso_idx ON ONLY public.catalogo_geometrias_particionada (tipo_uso);
    END IF;
END
$$;
