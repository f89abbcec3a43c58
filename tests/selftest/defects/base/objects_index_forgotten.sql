-- Forgot the index on item and validity.
-- check: migration.objects
-- also: migration.behaviour.keys_and_indexes because the probe lists what indexes there are
-- also: migration.hazards because the foreign key has no index then
-- apply: replace

-- <<<
    CREATE INDEX catalogo_geometrias_particionada_catalogo_id_is_valid_idx
        ON public.catalogo_geometrias_particionada (catalogo_id, is_valid);
-- >>>
