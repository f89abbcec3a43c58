-- Bounded the length of a column in passing: whoever has a query prepared that returns it gets an error.
-- check: migration.open_sessions
-- also: migration.schema_unchanged because nobody announced it
-- also: migration.hazards because it rewrites every row
-- apply: append

ALTER TABLE public.catalogo_geometrias_particionada ALTER COLUMN tipo_uso TYPE varchar(60);
