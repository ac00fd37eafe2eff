-- Running values. The three limits of our own session (sql/session.sql) are shown as the server has them.
SELECT name,
       CASE source WHEN 'session' THEN reset_val ELSE setting END AS setting,
       unit, vartype, context, min_val, max_val, enumvals, boot_val, reset_val,
       CASE WHEN source <> 'session' THEN source
            WHEN reset_val IS NOT DISTINCT FROM boot_val THEN 'default'
            ELSE 'configuration file' END AS source,
       sourcefile, sourceline, pending_restart
  FROM pg_catalog.pg_settings
