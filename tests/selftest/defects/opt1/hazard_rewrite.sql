-- Changed the type of a column and with it every row.
-- check: migration.hazards
-- also: migration.schema_unchanged because the type is another one
-- also: migration.data_unchanged because the text of every row is another one
-- apply: append

ALTER TABLE public.catalogo_geometrias_particionada ALTER COLUMN tipo_uso TYPE char(40);
