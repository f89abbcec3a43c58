-- Left the indexes of the new default partition with the names that they were built under.
-- script: rollback
-- check: rollback.indexes_back
-- also: rollback.objects_gone because indexes have names that were not there before
-- also: rollback.schema_identical because indexes have names that were not there before
-- also: rollback.reapplies because indexes have names that were not there before
-- apply: replace

-- <<<
                EXECUTE format('ALTER INDEX %s RENAME TO %I', renamed.name, renamed.wanted);
-- >>>
                CONTINUE;
