-- Left a setting on the whole server, and reloaded it.
-- check: migration.settings_unchanged
-- also: migration.hazards because it reaches outside of the database
-- undo: ALTER SYSTEM RESET random_page_cost; SELECT pg_reload_conf()
-- apply: append

ALTER SYSTEM SET random_page_cost = 4;

SELECT pg_reload_conf();
