-- Dropped the foreign key for speed.
-- script: rollback
-- check: rollback.schema_identical
-- also: rollback.reapplies because the key is still missing
-- apply: append

ALTER TABLE public.catalogo_geometrias_particionada
    DROP CONSTRAINT catalogo_geometrias_particionada_catalogo_id_fkey;
