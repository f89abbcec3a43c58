-- Locked everybody out before the rest was put right, and took a break.
-- check: migration.lock_budget
-- apply: replace

-- <<<
            LOCK TABLE public.catalogo_geometrias IN SHARE ROW EXCLUSIVE MODE;
-- >>>
            LOCK TABLE public.catalogo_geometrias IN ACCESS EXCLUSIVE MODE;
            PERFORM pg_sleep(2.5);
