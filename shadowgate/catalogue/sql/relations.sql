SELECT
    CASE c.relkind
        WHEN 'v' THEN 'view'
        WHEN 'm' THEN 'materialized view'
        WHEN 'f' THEN 'foreign table'
        ELSE 'table'
    END AS kind,
    format('%I.%I', n.nspname, c.relname) AS name,
    '[]'::jsonb AS part_of,
    jsonb_build_object(
        'owner', c.relowner::regrole::text,
        'privileges', ARRAY(
            SELECT item::text
            FROM unnest(coalesce(c.relacl, acldefault('r', c.relowner))) AS item
            ORDER BY item::text COLLATE "C"
        ),
        'comment', obj_description(c.oid, 'pg_class'),
        'persistence', CASE c.relpersistence WHEN 'p' THEN 'permanent' WHEN 'u' THEN 'unlogged' END,
        'access_method', m.amname,
        'tablespace', s.spcname,
        -- Of a view these two decide whose rights count and what a reader's functions get to see.
        'security_invoker', CASE WHEN c.relkind = 'v' THEN coalesce((
            SELECT split_part(o, '=', 2)::boolean FROM unnest(c.reloptions) AS o
            WHERE o ~ '^security_invoker='
        ), false) END,
        'security_barrier', CASE WHEN c.relkind = 'v' THEN coalesce((
            SELECT split_part(o, '=', 2)::boolean FROM unnest(c.reloptions) AS o
            WHERE o ~ '^security_barrier='
        ), false) END,
        'options', ARRAY(
            SELECT o FROM unnest(c.reloptions) AS o
            WHERE c.relkind <> 'v' OR o !~ '^security_(invoker|barrier)='
            ORDER BY o COLLATE "C"
        ),
        'toast_options', ARRAY(SELECT o FROM unnest(t.reloptions) AS o ORDER BY o COLLATE "C"),
        'replica_identity', CASE c.relreplident
            WHEN 'd' THEN 'default' WHEN 'n' THEN 'nothing' WHEN 'f' THEN 'full' WHEN 'i' THEN 'index'
        END,
        'row_security', c.relrowsecurity,
        'force_row_security', c.relforcerowsecurity,
        'partition_key', pg_get_partkeydef(c.oid),
        'partition_of', CASE WHEN c.relispartition THEN (
            SELECT i.inhparent::regclass::text FROM pg_inherits i WHERE i.inhrelid = c.oid
        ) END,
        'partition_bound', pg_get_expr(c.relpartbound, c.oid),
        'detach_pending', (
            SELECT i.inhdetachpending FROM pg_inherits i
            WHERE i.inhrelid = c.oid AND i.inhdetachpending
        ),
        'inherits', CASE WHEN NOT c.relispartition THEN ARRAY(
            SELECT i.inhparent::regclass::text FROM pg_inherits i
            WHERE i.inhrelid = c.oid
            ORDER BY i.inhseqno
        ) END,
        'of_type', CASE WHEN c.reloftype <> 0 THEN c.reloftype::regtype::text END,
        'populated', CASE WHEN c.relkind = 'm' THEN c.relispopulated END,
        'definition', CASE WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid) END,
        'foreign_server', (
            SELECT v.srvname FROM pg_foreign_table f
            JOIN pg_foreign_server v ON v.oid = f.ftserver
            WHERE f.ftrelid = c.oid
        ),
        'foreign_options', (SELECT f.ftoptions FROM pg_foreign_table f WHERE f.ftrelid = c.oid)
    ) AS attributes
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_am m ON m.oid = c.relam
LEFT JOIN pg_tablespace s ON s.oid = c.reltablespace
LEFT JOIN pg_class t ON t.oid = c.reltoastrelid
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
  AND c.oid >= 16384
  AND n.nspname !~ '^pg_(toast|temp)'
  AND NOT EXISTS (
      SELECT FROM pg_depend d
      WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'
  )
