-- Let the ids begin at 1 again.
-- check: rollback.schema_identical
-- script: rollback
-- apply: replace

-- <<<
            PERFORM setval('public.catalogo_geometrias_id_seq', last_value, is_called)
            FROM public.catalogo_geometrias_particionada_id_seq;
-- >>>
