-- Left a setting of a role in this database.
-- check: migration.settings_unchanged
-- apply: append

DO $$
BEGIN
    EXECUTE format('ALTER ROLE postgres IN DATABASE %I SET enable_seqscan = off', current_database());
END
$$;
