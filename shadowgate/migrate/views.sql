-- Every view with each relation that it reads, through other views too.
WITH RECURSIVE direct (view, relation) AS (
    SELECT DISTINCT r.ev_class, d.refobjid
    FROM pg_catalog.pg_rewrite AS r
    JOIN pg_catalog.pg_class AS c ON c.oid = r.ev_class AND c.relkind = 'v' AND c.oid >= 16384
    JOIN pg_catalog.pg_depend AS d
      ON d.classid = 'pg_rewrite'::regclass
      AND d.objid = r.oid
      AND d.refclassid = 'pg_class'::regclass
      AND d.refobjid <> r.ev_class
), reads (view, relation) AS (
    SELECT view, relation
    FROM direct
    UNION
    SELECT reads.view, direct.relation
    FROM reads
    JOIN direct ON direct.view = reads.relation
)
SELECT view::bigint, relation::bigint
FROM reads
