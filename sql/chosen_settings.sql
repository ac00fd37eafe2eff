-- Running values of the named parameters. The three limits of our own session (sql/session.sql) are shown as the server has them.
SELECT lower(name) AS name,
       CASE source WHEN 'session' THEN reset_val ELSE setting END AS setting,
       unit, vartype, context, pending_restart, sourcefile,
       CASE source WHEN 'session' THEN 'configuration file' ELSE source END AS source
  FROM pg_catalog.pg_settings
 WHERE lower(name) = ANY ($1::text[])
