-- Sessions of others that do something now. What a role may not see counts as work.
SELECT count(*) AS sessions
  FROM pg_catalog.pg_stat_activity
 WHERE backend_type = 'client backend' AND pid <> pg_catalog.pg_backend_pid() AND state IS DISTINCT FROM 'idle'
