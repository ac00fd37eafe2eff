-- What tells one cluster from every other, also after a move or a rename.
SELECT system_identifier FROM pg_catalog.pg_control_system()
