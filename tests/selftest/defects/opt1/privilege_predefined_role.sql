-- Gave a predefined role more rights.
-- check: migration.privileges_unchanged
-- also: migration.hazards because it reaches outside of the database
-- undo: REVOKE pg_read_all_data FROM pg_monitor
-- apply: append

GRANT pg_read_all_data TO pg_monitor;
