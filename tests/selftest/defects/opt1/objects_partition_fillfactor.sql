-- Gave the new partitions a fill factor that their siblings lack.
-- check: migration.objects
-- apply: replace

-- <<<
            partition_name, rest, within, options
-- >>>
            partition_name, rest, within, ' WITH (fillfactor = 70)'
