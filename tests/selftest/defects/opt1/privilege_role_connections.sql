-- Limited the connections of a role.
-- check: migration.privileges_unchanged
-- undo: ALTER ROLE postgres CONNECTION LIMIT -1
-- apply: append

ALTER ROLE postgres CONNECTION LIMIT 50;
