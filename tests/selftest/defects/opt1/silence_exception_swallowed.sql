-- Caught every error of a cleaning step and went on.
-- check: migration.silence
-- apply: append

DO $$
BEGIN
    PERFORM 1 / 0;
EXCEPTION WHEN OTHERS THEN
    NULL;
END
$$;
