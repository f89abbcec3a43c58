-- Made a role with a password for the night.
-- check: migration.privileges_unchanged
-- also: migration.hazards because it reaches outside of the database
-- also: migration.repeatable because the role is there already
-- undo: DROP ROLE night_shift
-- apply: append

CREATE ROLE night_shift LOGIN;
