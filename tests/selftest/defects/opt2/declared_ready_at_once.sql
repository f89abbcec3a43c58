-- Declared the partitions ready before the first row was measured, and never looked again.
-- check: migration.behaviour.exact
-- apply: replace

-- <<<
        WHILE last IS NOT NULL LOOP
            last := public.medir_lote(last, batch);
            COMMIT;
            PERFORM pg_sleep(0.03);
        END LOOP;

-- >>>
