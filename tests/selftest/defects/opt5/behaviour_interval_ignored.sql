-- Refreshed everything with every run.
-- check: migration.behaviour.nothing_due_nothing_done
-- apply: replace

-- <<<
    WHERE enabled
        AND (attempted_at IS NULL OR date_trunc('minute', attempted_at) + every <= p_now);
-- >>>
    WHERE enabled;
-- <<<
        IF date_trunc('minute', entry.attempted_at) + entry.every > p_now THEN
            -- Another session has done it since the list was made.
            COMMIT;
            CONTINUE;
        END IF;

-- >>>
