-- Counted invalid geometries as well.
-- check: migration.behaviour.same_rows
-- apply: replace

-- <<<
            WHERE catalogo_id = item.catalogo_id AND is_valid
-- >>>
            WHERE catalogo_id = item.catalogo_id
