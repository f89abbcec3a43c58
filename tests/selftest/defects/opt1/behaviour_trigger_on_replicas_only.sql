-- Made the trigger fire on replicas only.
-- check: migration.behaviour.new_year
-- apply: append

ALTER TABLE public.catalogo_geometrias_particionada
    ENABLE REPLICA TRIGGER trigger_auto_create_partition;
