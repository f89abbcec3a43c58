-- Kept the measures of a row under its old date when it moves to another partition.
-- check: migration.behaviour.exact_after_update_of_keys
-- apply: replace

-- <<<
        DELETE FROM catalogo_geometrias_medidas AS m
        USING (SELECT id, data_inicio FROM antigas EXCEPT SELECT id, data_inicio FROM novas) AS a
        WHERE m.geometria_id = a.id AND m.data_inicio = a.data_inicio;

-- >>>
