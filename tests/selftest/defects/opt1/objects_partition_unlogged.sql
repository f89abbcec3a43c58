-- Made the new partitions UNLOGGED to load them faster.
-- check: migration.objects
-- also: migration.schema_unchanged because no table is announced to be UNLOGGED
-- apply: replace

-- <<<
            'CREATE TABLE %I (LIKE %I INCLUDING ALL EXCLUDING INDEXES EXCLUDING IDENTITY,'
-- >>>
            'CREATE UNLOGGED TABLE %I (LIKE %I INCLUDING ALL EXCLUDING INDEXES EXCLUDING IDENTITY,'
