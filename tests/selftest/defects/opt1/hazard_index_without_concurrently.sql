-- Built an index on a busy table while writers wait.
-- check: migration.hazards
-- also: migration.schema_unchanged because nobody announced the index
-- apply: append

DO $$
BEGIN
    IF to_regclass('public.geometrias_uso') IS NULL THEN
        CREATE INDEX geometrias_uso ON public.catalogo_geometrias_particionada (tipo_uso);
    END IF;
END
$$;
