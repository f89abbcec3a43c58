-- Kept the writers out for longer than the plan allows.
-- check: migration.lock_budget
-- also: migration.waiting because writers wait for it
-- apply: append

DO $$
BEGIN
    LOCK TABLE public.catalogo_geometrias_particionada IN SHARE MODE;
    PERFORM pg_sleep(4);
END
$$;
