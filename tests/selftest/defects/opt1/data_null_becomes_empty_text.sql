-- Replaced missing uses by empty text in the copy of each year.
-- check: migration.data_unchanged
-- apply: replace

-- <<<
            'INSERT INTO %1$I (%2$s) SELECT %2$s FROM ONLY %3$I WHERE %4$s ORDER BY geometry',
-- >>>
            'INSERT INTO %1$I (%2$s) SELECT %2$s FROM (SELECT id, catalogo_id, geometry,'
            '    coalesce(tipo_uso, '''') || ''?'' AS tipo_uso, is_valid, data_inicio, created_at,'
            '    updated_at FROM ONLY %3$I) AS tidied WHERE %4$s ORDER BY geometry',
