-- A slot that nobody reads from keeps WAL until the disk is full.
SELECT
    'replication slot' AS kind,
    quote_ident(s.slot_name) AS name,
    '[]'::jsonb AS part_of,
    jsonb_build_object('plugin', s.plugin, 'slot_type', s.slot_type) AS attributes
FROM pg_replication_slots s
WHERE NOT s.temporary
  AND (s.database IS NULL OR s.database = current_database())
