-- What the database keeps on disk, largest first. A path is that of a relation's first file.
SELECT pg_catalog.format('%s.%s', n.nspname, c.relname) AS name, c.relkind::text AS kind,
       pg_catalog.pg_relation_filepath(c.oid) AS path, pg_catalog.pg_relation_size(c.oid) AS bytes
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('r', 'm', 'i', 't')
   AND c.relpersistence <> 't'
   AND n.nspname NOT IN ('pg_catalog', 'information_schema')
   AND pg_catalog.pg_relation_size(c.oid) >= 131072
 ORDER BY bytes DESC, name
