-- What a base backup and a dump of the connected database copy at most. Template and shared files are in the tablespaces' sizes.
SELECT (SELECT sum(pg_catalog.pg_tablespace_size(oid))::int8 FROM pg_catalog.pg_tablespace) AS cluster_bytes,
       pg_catalog.pg_database_size(current_database()) AS database_bytes
