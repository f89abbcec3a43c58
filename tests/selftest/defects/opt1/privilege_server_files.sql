-- Gave everybody the right to read files of the server.
-- check: migration.privileges_unchanged
-- apply: append

GRANT EXECUTE ON FUNCTION pg_read_file(text) TO PUBLIC;
