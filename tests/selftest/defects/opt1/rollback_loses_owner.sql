-- Left the new default partition to another role.
-- script: rollback
-- check: rollback.schema_identical
-- also: rollback.reapplies because the owner is still another one
-- apply: append

ALTER TABLE public.catalogo_geometrias_particionada_default OWNER TO pg_database_owner;
