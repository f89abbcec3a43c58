-- Dropped the triggers of the partitioned table and forgot those of its partitions.
-- check: rollback.clean
-- script: rollback
-- apply: replace

-- <<<
        ORDER BY tgrelid, tgname
-- >>>
            AND tgrelid = 'public.catalogo_geometrias_particionada'::regclass
