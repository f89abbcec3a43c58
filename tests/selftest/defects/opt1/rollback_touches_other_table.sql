-- Reset the status of catalogue items while at it.
-- script: rollback
-- check: rollback.rows_identical
-- also: rollback.reapplies because the other table differs then too
-- apply: append

UPDATE public.catalogo SET status = 'inativo' WHERE id = 77;
