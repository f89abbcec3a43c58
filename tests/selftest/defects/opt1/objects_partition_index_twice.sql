-- Gave each new partition its spatial index twice: one is attached, one is left over.
-- check: migration.objects
-- apply: replace

-- <<<
        PERFORM index_partition_table(parent || '_' || year);
-- >>>
        PERFORM index_partition_table(parent || '_' || year);
        EXECUTE format('CREATE INDEX ON %I USING gist (geometry)', parent || '_' || year);
