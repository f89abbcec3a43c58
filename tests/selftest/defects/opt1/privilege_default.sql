-- Changed what future tables grant.
-- check: migration.privileges_unchanged
-- apply: append

ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, DELETE ON TABLES TO PUBLIC;
