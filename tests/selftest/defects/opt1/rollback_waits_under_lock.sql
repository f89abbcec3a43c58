-- Paused while nobody could read the table.
-- script: rollback
-- check: rollback.waiting
-- apply: append

DO $$
BEGIN
    LOCK TABLE public.catalogo_geometrias_particionada IN ACCESS EXCLUSIVE MODE;
    PERFORM pg_sleep(3);
END
$$;
