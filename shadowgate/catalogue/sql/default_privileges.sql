SELECT
    'default privileges' AS kind,
    format(
        '%s of %s%s',
        CASE a.defaclobjtype
            WHEN 'r' THEN 'tables' WHEN 'S' THEN 'sequences' WHEN 'f' THEN 'routines'
            WHEN 'T' THEN 'types' WHEN 'n' THEN 'schemas' ELSE a.defaclobjtype::text
        END,
        a.defaclrole::regrole,
        CASE WHEN a.defaclnamespace <> 0 THEN ' in ' || a.defaclnamespace::regnamespace END
    ) AS name,
    CASE WHEN a.defaclnamespace = 0 THEN '[]'::jsonb
         ELSE jsonb_build_array(jsonb_build_array('schema', a.defaclnamespace::regnamespace::text))
    END AS part_of,
    jsonb_build_object(
        'privileges',
        ARRAY(SELECT item::text FROM unnest(a.defaclacl) AS item ORDER BY item::text COLLATE "C")
    ) AS attributes
FROM pg_default_acl a
