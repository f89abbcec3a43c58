-- Added a partition by hand, which reads the whole default partition under its lock.
-- check: migration.hazards
-- also: migration.schema_unchanged because nobody announced the partition
-- also: migration.objects because the partition grants less than its siblings
-- apply: replace

-- <<<
SET statement_timeout = '15min';
-- >>>
SET statement_timeout = '15min';

CREATE TABLE IF NOT EXISTS public.catalogo_geometrias_particionada_2040
    PARTITION OF public.catalogo_geometrias_particionada
    FOR VALUES FROM ('2040-01-01') TO ('2041-01-01');
