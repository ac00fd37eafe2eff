SELECT n.nspname AS schema, c.relname AS name, c.reloptions AS options, t.reloptions AS toast_options
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN pg_catalog.pg_class t ON t.oid = c.reltoastrelid
 WHERE c.relkind IN ('r', 'p', 'm', 'i')
   AND (c.reloptions IS NOT NULL OR t.reloptions IS NOT NULL)
   AND n.nspname <> 'pg_catalog'
 ORDER BY 1, 2
