-- Made the foreign key anew, with ON DELETE CASCADE this time.
-- check: migration.schema_unchanged
-- also: migration.hazards because the key is validated under its lock
-- apply: append

ALTER TABLE public.catalogo_geometrias_particionada
    DROP CONSTRAINT catalogo_geometrias_particionada_catalogo_id_fkey;

ALTER TABLE public.catalogo_geometrias_particionada
    ADD CONSTRAINT catalogo_geometrias_particionada_catalogo_id_fkey
    FOREIGN KEY (catalogo_id) REFERENCES public.catalogo (id) ON DELETE CASCADE;
