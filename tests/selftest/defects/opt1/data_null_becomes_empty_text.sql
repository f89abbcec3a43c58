-- Replaced missing uses by empty text in the copy of each year.
-- check: migration.data_unchanged
-- apply: replace

-- <<<
            '    INSERT INTO %3$I (%4$s) SELECT %4$s FROM source'
-- >>>
            '    INSERT INTO %3$I (%4$s) SELECT %4$s FROM (SELECT id, catalogo_id, geometry,'
            '        coalesce(tipo_uso, '''') || ''?'' AS tipo_uso, is_valid, data_inicio,'
            '        created_at, updated_at FROM source) AS tidied'
