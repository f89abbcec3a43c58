-- Waited for something while nobody could read the table.
-- check: migration.lock_budget
-- also: migration.hazards because it works on while holding ACCESS EXCLUSIVE
-- also: migration.waiting because readers and writers wait for it
-- apply: append

BEGIN;

LOCK TABLE public.catalogo_geometrias_particionada IN ACCESS EXCLUSIVE MODE;

SELECT pg_sleep(3);

COMMIT;
