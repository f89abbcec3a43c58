-- Gave each new partition its spatial index twice: one is attached, one is left over.
-- check: migration.objects
-- apply: replace

-- <<<
        EXECUTE format('ANALYZE %I', partition_name);
-- >>>
        EXECUTE format('CREATE INDEX ON %I USING gist (geometry)', partition_name);
        EXECUTE format('ANALYZE %I', partition_name);
