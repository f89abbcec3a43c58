-- Turned the rings of one geometry round: the same shape, written the other way.
-- check: migration.data_unchanged
-- apply: append

UPDATE public.catalogo_geometrias_particionada
SET geometry = ST_ForcePolygonCW(geometry)
WHERE id = 1234;
