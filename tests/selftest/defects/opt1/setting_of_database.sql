-- Left a setting on the database.
-- check: migration.settings_unchanged
-- apply: append

DO $$
BEGIN
    EXECUTE format('ALTER DATABASE %I SET work_mem = ''64MB''', current_database());
END
$$;
