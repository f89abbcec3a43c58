-- Made the sequence of the geometries cycle.
-- check: migration.schema_unchanged
-- apply: append

ALTER SEQUENCE public.catalogo_geometrias_particionada_id_seq CYCLE;
