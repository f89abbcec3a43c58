-- Relations that are not PostgreSQL's own, as the asking session sees them, its uncommitted work
-- included. 16384 is FirstNormalObjectId: below it are the system catalogues.
SELECT c.oid::bigint,
       CASE n.nspname WHEN 'public' THEN '' ELSE quote_ident(n.nspname) || '.' END
         || quote_ident(c.relname),
       c.relkind::text,
       c.relfilenode::bigint
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.oid >= 16384
