SELECT
    'statistics' AS kind,
    format('%I.%I', n.nspname, s.stxname) AS name,
    jsonb_build_array(jsonb_build_array('table', s.stxrelid::regclass::text)) AS part_of,
    jsonb_build_object(
        'definition', pg_get_statisticsobjdef(s.oid),
        'statistics_target', s.stxstattarget,
        'owner', s.stxowner::regrole::text,
        'comment', obj_description(s.oid, 'pg_statistic_ext')
    ) AS attributes
FROM pg_statistic_ext s
JOIN pg_namespace n ON n.oid = s.stxnamespace
WHERE s.oid >= 16384
  AND NOT EXISTS (
      SELECT FROM pg_depend d
      WHERE d.classid = 'pg_statistic_ext'::regclass AND d.objid = s.oid AND d.deptype = 'e'
  )
