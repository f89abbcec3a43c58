-- Handed a table to another role.
-- check: migration.privileges_unchanged
-- apply: append

ALTER TABLE public.catalogo OWNER TO pg_database_owner;
