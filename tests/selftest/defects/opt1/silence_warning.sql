-- Raised a warning that somebody should have read.
-- check: migration.silence
-- apply: append

DO $$
BEGIN
    RAISE WARNING 'the default partition may need another look';
END
$$;
