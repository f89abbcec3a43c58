-- Left a setting on the database.
-- script: rollback
-- check: rollback.schema_identical
-- also: rollback.objects_gone because the setting was not there before
-- also: rollback.reapplies because the setting was not there the first time
-- apply: append

DO $$
BEGIN
    EXECUTE format('ALTER DATABASE %I SET work_mem = ''64MB''', current_database());
END
$$;
