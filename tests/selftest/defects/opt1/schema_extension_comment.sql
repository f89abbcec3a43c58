-- Overwrote the comment of an extension.
-- check: migration.schema_unchanged
-- apply: append

COMMENT ON EXTENSION postgis IS 'do not touch';
