-- Gave a predefined role more rights.
-- check: migration.privileges_unchanged
-- undo: REVOKE pg_read_all_data FROM pg_monitor
-- apply: append

GRANT pg_read_all_data TO pg_monitor;
