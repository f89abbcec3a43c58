-- Rounded perimeters to centimetres when rows are taken in again.
-- check: migration.behaviour.taken_in_again
-- apply: replace

-- <<<
        g.catalogo_id,
        ST_Area(g.geometry),
        ST_Perimeter(g.geometry),
        g.data_inicio,
        ST_NPoints(g.geometry),
        g.is_valid,
        g.tipo_uso
    FROM catalogo_geometrias_particionada AS g
    WHERE
-- >>>
        g.catalogo_id,
        ST_Area(g.geometry),
        round(ST_Perimeter(g.geometry)::numeric, 2),
        g.data_inicio,
        ST_NPoints(g.geometry),
        g.is_valid,
        g.tipo_uso
    FROM catalogo_geometrias_particionada AS g
    WHERE
