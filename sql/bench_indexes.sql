-- Indexes of the database's own tables and their pages, for reading them once before a measurement.
SELECT c.oid::regclass::text AS name, c.oid::text AS oid,
       pg_catalog.pg_relation_size(c.oid) / current_setting('block_size')::bigint AS pages
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind = 'i' AND n.nspname NOT LIKE 'pg\_%' AND n.nspname <> 'information_schema'
 ORDER BY 1
