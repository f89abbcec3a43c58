-- Declared the partitions ready without looking at their rows.
-- check: migration.behaviour.taken_in_again
-- apply: replace

-- <<<
        WHILE last IS NOT NULL LOOP
            last := public.medir_lote(last, batch);
            COMMIT;
            PERFORM pg_sleep(0.03);
        END LOOP;

-- >>>
