-- Let the new partitions belong to another role than their siblings.
-- check: migration.objects
-- apply: replace

-- <<<
            SELECT format('ALTER TABLE %I OWNER TO %s', partition_name, relowner::regrole)
-- >>>
            SELECT format('ALTER TABLE %I OWNER TO %s', partition_name, 'pg_database_owner')
