-- Let everybody make tables in the schema public again.
-- check: migration.privileges_unchanged
-- apply: append

GRANT CREATE ON SCHEMA public TO PUBLIC;
