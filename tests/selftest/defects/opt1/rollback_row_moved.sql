-- Rounded one geometry to millimetres on the way back.
-- script: rollback
-- check: rollback.rows_identical
-- also: rollback.reapplies because the row differs from what was there before the rollback
-- apply: append

UPDATE public.catalogo_geometrias_particionada
SET geometry = ST_Translate(geometry, 0.001, 0)
WHERE id = 1234;
