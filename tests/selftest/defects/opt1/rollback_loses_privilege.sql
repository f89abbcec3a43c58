-- Made the default partition anew without the privileges that it had.
-- script: rollback
-- check: rollback.schema_identical
-- also: rollback.reapplies because the new partitions take their privileges from it
-- apply: replace

-- <<<
    EXECUTE format('COMMENT ON TABLE %I IS %L', restored, obj_description(rest::regclass));
-- >>>
    EXECUTE format('COMMENT ON TABLE %I IS %L', restored, obj_description(rest::regclass));
    EXECUTE format('REVOKE ALL ON %I FROM PUBLIC', restored);
