-- The database goes without its name, so that a database can be compared with its clone.
SELECT
    'database' AS kind,
    'this database' AS name,
    '[]'::jsonb AS part_of,
    jsonb_build_object(
        'owner', b.datdba::regrole::text,
        'privileges', ARRAY(
            SELECT item::text
            FROM unnest(coalesce(b.datacl, acldefault('d', b.datdba))) AS item
            ORDER BY item::text COLLATE "C"
        ),
        'encoding', pg_encoding_to_char(b.encoding),
        'collate', b.datcollate,
        'ctype', b.datctype,
        'connection_limit', b.datconnlimit,
        'allows_connections', b.datallowconn,
        'template', b.datistemplate,
        'tablespace', (SELECT s.spcname FROM pg_tablespace s WHERE s.oid = b.dattablespace),
        'comment', shobj_description(b.oid, 'pg_database')
    ) AS attributes
FROM pg_database b
WHERE b.datname = current_database()
UNION ALL
SELECT
    'setting',
    format(
        '%s of %s%s',
        split_part(o, '=', 1),
        CASE WHEN s.setrole = 0 THEN 'all roles' ELSE s.setrole::regrole::text END,
        CASE WHEN s.setdatabase <> 0 THEN ' in this database' END
    ),
    '[]'::jsonb,
    jsonb_build_object('value', substr(o, strpos(o, '=') + 1))
FROM pg_db_role_setting s
CROSS JOIN unnest(s.setconfig) AS o
WHERE s.setdatabase IN (0, (SELECT b.oid FROM pg_database b WHERE b.datname = current_database()))
