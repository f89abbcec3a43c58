-- Locked every row for a while: no table lock shows, but writers wait.
-- check: migration.waiting
-- apply: append

DO $$
BEGIN
    PERFORM FROM public.catalogo_geometrias_particionada FOR UPDATE;
    PERFORM pg_sleep(4);
END
$$;
