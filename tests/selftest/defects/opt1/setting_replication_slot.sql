-- Left a replication slot behind: the log of the server grows until the disk is full.
-- check: migration.settings_unchanged
-- undo: SELECT pg_drop_replication_slot('later')
-- apply: append

SELECT pg_create_physical_replication_slot('later') WHERE NOT EXISTS (SELECT FROM pg_replication_slots);
