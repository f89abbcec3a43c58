-- Densified the edges of one geometry: the same shape, more vertices.
-- check: migration.data_unchanged
-- apply: append

UPDATE public.catalogo_geometrias_particionada
SET geometry = ST_Segmentize(geometry, 5)
WHERE id = 1234;
