-- Left a setting on the role that ran the migration.
-- check: migration.settings_unchanged
-- also: migration.hazards because it reaches outside of the database
-- undo: ALTER ROLE postgres RESET statement_timeout
-- apply: append

ALTER ROLE postgres SET statement_timeout = '15min';
