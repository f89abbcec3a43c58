-- Forgot the foreign key of the partitioned table: new partitions would have none.
-- check: migration.behaviour.keys_and_indexes
-- apply: replace

-- <<<
            ALTER TABLE public.catalogo_geometrias_particionada
                ADD CONSTRAINT catalogo_geometrias_particionada_catalogo_id_fkey
                FOREIGN KEY (catalogo_id) REFERENCES public.catalogo (id);
-- >>>
            EXIT;
