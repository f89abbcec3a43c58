-- Kinds that migrations seldom touch: told apart by their catalogue row, without its oid.
SELECT
    identity.type AS kind,
    identity.identity AS name,
    '[]'::jsonb AS part_of,
    o.attributes || jsonb_build_object('comment', obj_description(o.oid, o.class::text)) AS attributes
FROM (
    SELECT 'pg_cast'::regclass AS class, x.oid, to_jsonb(x) - 'oid' AS attributes FROM pg_cast x
    UNION ALL
    SELECT 'pg_operator'::regclass, x.oid, to_jsonb(x) - 'oid' FROM pg_operator x
    UNION ALL
    SELECT 'pg_opclass'::regclass, x.oid, to_jsonb(x) - 'oid' FROM pg_opclass x
    UNION ALL
    SELECT 'pg_opfamily'::regclass, x.oid, to_jsonb(x) - 'oid' FROM pg_opfamily x
    UNION ALL
    SELECT 'pg_collation'::regclass, x.oid, to_jsonb(x) - 'oid' FROM pg_collation x
    UNION ALL
    SELECT 'pg_conversion'::regclass, x.oid, to_jsonb(x) - 'oid' FROM pg_conversion x
    UNION ALL
    SELECT 'pg_language'::regclass, x.oid, to_jsonb(x) - 'oid' FROM pg_language x
    UNION ALL
    SELECT 'pg_am'::regclass, x.oid, to_jsonb(x) - 'oid' FROM pg_am x
    UNION ALL
    SELECT 'pg_transform'::regclass, x.oid, to_jsonb(x) - 'oid' FROM pg_transform x
    UNION ALL
    SELECT 'pg_foreign_data_wrapper'::regclass, x.oid, to_jsonb(x) - 'oid'
    FROM pg_foreign_data_wrapper x
    UNION ALL
    SELECT 'pg_foreign_server'::regclass, x.oid, to_jsonb(x) - 'oid' FROM pg_foreign_server x
    UNION ALL
    SELECT 'pg_ts_parser'::regclass, x.oid, to_jsonb(x) - 'oid' FROM pg_ts_parser x
    UNION ALL
    SELECT 'pg_ts_template'::regclass, x.oid, to_jsonb(x) - 'oid' FROM pg_ts_template x
    UNION ALL
    SELECT 'pg_ts_dict'::regclass, x.oid, to_jsonb(x) - 'oid' FROM pg_ts_dict x
    UNION ALL
    SELECT 'pg_ts_config'::regclass, x.oid, to_jsonb(x) - 'oid' || jsonb_build_object('mappings', (
        SELECT jsonb_agg(jsonb_build_array(m.maptokentype, m.mapseqno, m.mapdict::regdictionary)
                         ORDER BY m.maptokentype, m.mapseqno)
        FROM pg_ts_config_map m
        WHERE m.mapcfg = x.oid
    ))
    FROM pg_ts_config x
) AS o
CROSS JOIN LATERAL pg_identify_object(o.class, o.oid, 0) AS identity
WHERE o.oid >= 16384
  AND NOT EXISTS (
      SELECT FROM pg_depend d
      WHERE d.classid = o.class AND d.objid = o.oid AND d.deptype = 'e'
  )
