-- Left a setting on the role that ran the migration.
-- check: migration.settings_unchanged
-- undo: ALTER ROLE postgres RESET statement_timeout
-- apply: append

ALTER ROLE postgres SET statement_timeout = '15min';
