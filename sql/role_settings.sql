-- ALTER ROLE ... SET and ALTER DATABASE ... SET: they beat every file and the command line.
SELECT coalesce(r.rolname, '') AS role,
       coalesce(d.datname, '') AS database,
       split_part(entry, '=', 1) AS name,
       substr(entry, strpos(entry, '=') + 1) AS value
  FROM pg_catalog.pg_db_role_setting s
  LEFT JOIN pg_catalog.pg_roles r ON r.oid = s.setrole
  LEFT JOIN pg_catalog.pg_database d ON d.oid = s.setdatabase
 CROSS JOIN unnest(s.setconfig) AS entry
 ORDER BY 1, 2, 3
