-- What a statement that commits on its way leaves behind when it is cut off: kind, object, and the
-- table of the object.
SELECT 'index',
       c.oid::regclass::text,
       i.indrelid::regclass::text
FROM pg_catalog.pg_index AS i
JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid AND c.relkind = 'i'
WHERE NOT i.indisvalid
  AND c.oid >= 16384
UNION ALL
SELECT 'partition',
       inhrelid::regclass::text,
       inhparent::regclass::text
FROM pg_catalog.pg_inherits
WHERE inhdetachpending
