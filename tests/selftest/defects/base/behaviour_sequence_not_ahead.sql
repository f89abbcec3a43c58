-- Let the ids begin at 1 again.
-- check: migration.behaviour.identity
-- also: migration.objects because the sequence lies behind its column
-- apply: replace

-- <<<
            PERFORM setval(
                'public.catalogo_geometrias_particionada_id_seq', last_value, is_called
            )
            FROM public.catalogo_geometrias_id_seq;
-- >>>
