-- Left a setting on the whole server that strikes at the next restart.
-- check: migration.settings_unchanged
-- also: migration.hazards because it reaches outside of the database
-- undo: ALTER SYSTEM RESET shared_buffers
-- apply: append

ALTER SYSTEM SET shared_buffers = '4MB';
