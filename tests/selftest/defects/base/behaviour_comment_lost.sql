-- Did not carry the comment of a column over.
-- check: migration.behaviour.comments
-- apply: replace

-- <<<
    COMMENT ON COLUMN public.catalogo_geometrias_particionada.data_inicio IS
        'Início da vigência do uso planejado';
-- >>>
