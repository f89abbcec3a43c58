-- Limited the connections to have peace during the migration.
-- check: migration.settings_unchanged
-- apply: append

DO $$
BEGIN
    EXECUTE format('ALTER DATABASE %I CONNECTION LIMIT 50', current_database());
END
$$;
