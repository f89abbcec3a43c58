-- Limited the connections of a role.
-- check: migration.privileges_unchanged
-- also: migration.hazards because it reaches outside of the database
-- undo: ALTER ROLE postgres CONNECTION LIMIT -1
-- apply: append

ALTER ROLE postgres CONNECTION LIMIT 50;
