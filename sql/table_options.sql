-- Storage parameters of one table and of its TOAST table; one row without a name when it has none. No row: no such table.
SELECT pg_catalog.pg_has_role(c.relowner, 'USAGE') AS owner, o.name, o.value
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN LATERAL (
    SELECT option_name AS name, option_value AS value FROM pg_catalog.pg_options_to_table(c.reloptions)
    UNION ALL
    SELECT 'toast.' || option_name, option_value
      FROM pg_catalog.pg_class t, pg_catalog.pg_options_to_table(t.reloptions)
     WHERE t.oid = c.reltoastrelid) o ON true
 WHERE n.nspname = $1 AND c.relname = $2 AND c.relkind IN ('r', 'p', 'm')
