-- Let the trigger for deletes do nothing.
-- check: migration.behaviour.exact_after_delete
-- apply: replace

-- <<<
    DELETE FROM catalogo_geometrias_medidas AS m
    USING antigas AS a
    WHERE m.geometria_id = a.id AND m.data_inicio = a.data_inicio;
    RETURN NULL;
-- >>>
    RETURN NULL;
