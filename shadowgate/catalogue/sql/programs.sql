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
        'comment', obj_description(p.oid, 'pg_publication')
    )
FROM pg_publication p
