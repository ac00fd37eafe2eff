-- What the sessions of the load (or the indexer) are busy with at this moment.
SELECT CASE WHEN wait_event_type IS NULL THEN 'CPU' ELSE wait_event_type || '/' || wait_event END AS wait, count(*) AS sessions
  FROM pg_catalog.pg_stat_activity
 WHERE datname = current_database() AND pid <> pg_catalog.pg_backend_pid() AND backend_type = 'client backend'
   AND state = 'active' AND application_name <> 'kastune'
 GROUP BY 1
