-- What ALTER SYSTEM wrote, where we may look; elsewhere what it shows by.
SELECT
    'server setting' AS kind,
    s.name,
    '[]'::jsonb AS part_of,
    jsonb_build_object('value', s.setting, 'pending_restart', s.pending_restart) AS attributes
FROM pg_settings s
WHERE s.sourcefile LIKE '%/postgresql.auto.conf'
