-- Put some rows back twice.
-- script: rollback
-- check: rollback.later_rows_kept
-- also: rollback.reapplies because the rows differ from what was there before the rollback
-- apply: append

INSERT INTO public.catalogo_geometrias_particionada
SELECT id, catalogo_id, geometry, tipo_uso, is_valid, data_inicio + 1, created_at, updated_at
FROM public.catalogo_geometrias_particionada
WHERE id = 1234;
