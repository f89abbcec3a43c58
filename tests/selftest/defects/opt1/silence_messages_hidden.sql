-- Switched the server's messages off because there were too many.
-- check: migration.silence
-- apply: prepend

SET client_min_messages = error;
