-- What ALTER SYSTEM wrote, whether the server has reloaded it or not.
SELECT
    'server setting' AS kind,
    s.name,
    '[]'::jsonb AS part_of,
    jsonb_build_object('value', s.setting) AS attributes
FROM pg_file_settings s
WHERE s.sourcefile LIKE '%/postgresql.auto.conf'
