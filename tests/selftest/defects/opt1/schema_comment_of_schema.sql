-- Overwrote the comment of the schema.
-- check: migration.schema_unchanged
-- apply: append

COMMENT ON SCHEMA public IS 'ours';
