-- Without pg_read_all_stats the type of other roles' sessions is hidden: what has a role is counted then.
SELECT (SELECT count(*) FROM pg_catalog.pg_stat_activity
         WHERE pid <> pg_catalog.pg_backend_pid()
           AND (backend_type = 'client backend' OR (backend_type IS NULL AND usesysid IS NOT NULL))) AS connections,
       (SELECT count(*) FROM pg_catalog.pg_stat_replication) AS standbys,
       (SELECT count(*) FROM pg_catalog.pg_replication_slots) AS slots,
       (SELECT count(*) FROM pg_catalog.pg_prepared_xacts) AS prepared_transactions,
       blks_hit, blks_read
  FROM pg_catalog.pg_stat_database
 WHERE datname = current_database()
