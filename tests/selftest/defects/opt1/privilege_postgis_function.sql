-- Took the right to use a PostGIS function away.
-- check: migration.privileges_unchanged
-- apply: append

REVOKE EXECUTE ON FUNCTION st_area(geometry) FROM PUBLIC;
