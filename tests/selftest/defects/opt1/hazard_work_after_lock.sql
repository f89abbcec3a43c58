-- Went on working in the transaction that holds ACCESS EXCLUSIVE.
-- check: migration.hazards
-- apply: append

BEGIN;

LOCK TABLE public.catalogo IN ACCESS EXCLUSIVE MODE;

SELECT count(*) FROM public.catalogo;

COMMIT;
