-- Kinds that migrations seldom touch, told by their catalogue row. Object identifiers are left out:
-- they differ between a database and its restored dump.
SELECT
    identity.type AS kind,
    identity.identity AS name,
    '[]'::jsonb AS part_of,
    jsonb_build_object('comment', obj_description(o.oid, o.class::regclass::text)) || o.more || (
        SELECT jsonb_object_agg(
            CASE WHEN a.attname ~ 'owner$' THEN 'owner'
                 WHEN a.attname ~ 'acl$' THEN 'privileges'
                 ELSE a.attname::text END,
            CASE WHEN a.attname ~ 'owner$' THEN to_jsonb((f.value #>> '{}')::oid::regrole::text)
                 ELSE f.value END
        )
        FROM jsonb_each(o.catalogue_row) AS f
        JOIN pg_attribute a ON a.attrelid = o.class AND a.attname = f.key
        WHERE a.atttypid <> 'oid'::regtype OR a.attname ~ 'owner$'
    ) AS attributes
FROM (
    SELECT x.tableoid AS class, x.oid, to_jsonb(x) AS catalogue_row, jsonb_build_object(
        'routine', CASE WHEN x.castfunc <> 0 THEN x.castfunc::regprocedure::text END
    ) AS more
    FROM pg_cast x
    UNION ALL
    SELECT x.tableoid, x.oid, to_jsonb(x), jsonb_build_object(
        'result', x.oprresult::regtype::text,
        'commutator', x.oprcom::regoperator::text,
        'negator', x.oprnegate::regoperator::text
    )
    FROM pg_operator x
    UNION ALL
    SELECT x.tableoid, x.oid, to_jsonb(x), jsonb_build_object('type', x.opcintype::regtype::text)
    FROM pg_opclass x
    UNION ALL
    SELECT x.tableoid, x.oid, to_jsonb(x), jsonb_build_object('operators', (
        SELECT jsonb_agg(p.amopopr::regoperator::text ORDER BY p.amopopr::regoperator::text)
        FROM pg_amop p
        WHERE p.amopfamily = x.oid
    ))
    FROM pg_opfamily x
    UNION ALL
    SELECT x.tableoid, x.oid, to_jsonb(x), '{}' FROM pg_collation x
    UNION ALL
    SELECT x.tableoid, x.oid, to_jsonb(x), '{}' FROM pg_conversion x
    UNION ALL
    SELECT x.tableoid, x.oid, to_jsonb(x), jsonb_build_object(
        'handler', CASE WHEN x.lanplcallfoid <> 0 THEN x.lanplcallfoid::regprocedure::text END
    )
    FROM pg_language x
    UNION ALL
    SELECT x.tableoid, x.oid, to_jsonb(x), '{}' FROM pg_am x
    UNION ALL
    SELECT x.tableoid, x.oid, to_jsonb(x), '{}' FROM pg_transform x
    UNION ALL
    SELECT x.tableoid, x.oid, to_jsonb(x), '{}' FROM pg_foreign_data_wrapper x
    UNION ALL
    SELECT x.tableoid, x.oid, to_jsonb(x), jsonb_build_object('wrapper', (
        SELECT w.fdwname FROM pg_foreign_data_wrapper w WHERE w.oid = x.srvfdw
    ))
    FROM pg_foreign_server x
    UNION ALL
    SELECT x.tableoid, x.oid, to_jsonb(x), '{}' FROM pg_ts_parser x
    UNION ALL
    SELECT x.tableoid, x.oid, to_jsonb(x), '{}' FROM pg_ts_template x
    UNION ALL
    SELECT x.tableoid, x.oid, to_jsonb(x), '{}' FROM pg_ts_dict x
    UNION ALL
    SELECT x.tableoid, x.oid, to_jsonb(x), jsonb_build_object('mappings', (
        SELECT jsonb_agg(
            jsonb_build_array(m.maptokentype, m.mapseqno, m.mapdict::regdictionary)
            ORDER BY m.maptokentype, m.mapseqno
        )
        FROM pg_ts_config_map m
        WHERE m.mapcfg = x.oid
    ))
    FROM pg_ts_config x
) AS o
CROSS JOIN LATERAL pg_identify_object(o.class, o.oid, 0) AS identity
WHERE o.oid >= 16384
  AND NOT EXISTS (
      SELECT FROM pg_depend d
      WHERE d.classid = o.class AND d.objid = o.oid
        -- The cast of a range type to its multirange belongs to it.
        AND d.deptype IN ('e', 'i')
  )
