-- What tells one cluster from every other. A standby and a copy have the identifier of their origin, but not its folder.
SELECT system_identifier,
       CASE WHEN pg_catalog.pg_has_role('pg_read_all_settings', 'USAGE')
            THEN pg_catalog.current_setting('data_directory') END AS data_directory
  FROM pg_catalog.pg_control_system()
