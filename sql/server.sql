-- What every role may know, and what this one may read besides: a refused statement would leave an ERROR in the server's log.
SELECT current_setting('server_version_num')::int AS version_num,
       current_setting('server_version') AS version,
       pg_catalog.quote_ident(current_user) AS role,
       current_setting('is_superuser')::bool AS superuser,
       pg_catalog.pg_is_in_recovery() AS in_recovery,
       floor(extract(epoch FROM pg_catalog.pg_postmaster_start_time()))::int8 AS started_at,
       pg_catalog.pg_has_role(current_user, 'pg_read_all_settings', 'USAGE') AS reads_settings,
       pg_catalog.has_table_privilege('pg_catalog.pg_file_settings', 'SELECT')
         AND pg_catalog.has_function_privilege('pg_catalog.pg_show_all_file_settings()', 'EXECUTE') AS reads_files,
       pg_catalog.has_function_privilege('pg_catalog.pg_control_system()', 'EXECUTE') AS reads_control,
       pg_catalog.has_function_privilege('pg_catalog.pg_control_checkpoint()', 'EXECUTE') AS reads_checkpoint
