SELECT
    'event trigger' AS kind,
    quote_ident(e.evtname) AS name,
    '[]'::jsonb AS part_of,
    jsonb_build_object(
        'event', e.evtevent,
        'routine', e.evtfoid::regprocedure::text,
        'enabled', CASE e.evtenabled
            WHEN 'O' THEN 'origin' WHEN 'D' THEN 'disabled' WHEN 'R' THEN 'replica' ELSE 'always'
        END,
        'tags', e.evttags,
        'owner', e.evtowner::regrole::text,
        'comment', obj_description(e.oid, 'pg_event_trigger')
    ) AS attributes
FROM pg_event_trigger e
WHERE NOT EXISTS (
    SELECT FROM pg_depend d
    WHERE d.classid = 'pg_event_trigger'::regclass AND d.objid = e.oid AND d.deptype = 'e'
)
UNION ALL
SELECT
    'publication',
    quote_ident(p.pubname),
    '[]'::jsonb,
    to_jsonb(p) - '{oid,pubname,pubowner}'::text[] || jsonb_build_object(
        'owner', p.pubowner::regrole::text,
        'relations', (
            SELECT jsonb_agg(
                jsonb_strip_nulls(to_jsonb(r) - '{oid,prpubid,prrelid}'::text[])
                || jsonb_build_object('relation', r.prrelid::regclass::text)
                ORDER BY r.prrelid::regclass::text COLLATE "C"
            )
            FROM pg_publication_rel r
            WHERE r.prpubid = p.oid
        ),
        -- FOR TABLES IN SCHEMA (since 15), by its dependencies: older servers lack the catalogue.
        'schemas', (
            SELECT jsonb_agg(
                jsonb_build_object('schema', quote_ident(n.nspname)) ORDER BY n.nspname COLLATE "C"
            )
            FROM pg_depend of_publication
            JOIN pg_depend of_schema USING (classid, objid)
            JOIN pg_namespace n ON n.oid = of_schema.refobjid
            WHERE of_publication.classid = to_regclass('pg_catalog.pg_publication_namespace')
                AND of_publication.refclassid = 'pg_publication'::regclass
                AND of_publication.refobjid = p.oid
                AND of_schema.refclassid = 'pg_namespace'::regclass
        ),
        'comment', obj_description(p.oid, 'pg_publication')
    )
FROM pg_publication p
