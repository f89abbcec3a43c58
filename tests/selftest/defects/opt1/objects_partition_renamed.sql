-- Renamed a partition after another house's rules.
-- check: migration.objects
-- also: migration.schema_unchanged because a partition bears a name that nobody announced
-- also: migration.behaviour because the probes look for the announced name
-- also: migration.repeatable because the routines do not find their partition
-- apply: append

DO $$
BEGIN
    ALTER TABLE public.catalogo_geometrias_particionada_2035 RENAME TO geometrias_2035;
END
$$;
