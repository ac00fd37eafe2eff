-- Functions of the indexers, and whether somebody is at work on what a migration leaves when it ends in the middle.
SELECT (SELECT array_agg(p.proname::text) FROM pg_catalog.pg_proc p
         WHERE p.proname IN ('_v21_migrate_subnetworks', 'notify_transaction') AND pg_catalog.pg_function_is_visible(p.oid)) AS functions,
       EXISTS (SELECT FROM pg_catalog.pg_stat_activity a
                WHERE a.pid <> pg_catalog.pg_backend_pid() AND a.datname = current_database() AND a.state = 'active'
                  AND a.backend_type = 'client backend'
                  AND a.query ~* '(transactions(_inputs|_outputs)?_old|transactions_new|blocks_new|blocks_transactions_dedup|_v21_migrate_subnetworks|subnetwork_id_new|VACUUM ANALYZE transactions)')
         AS migrating,
       (SELECT count(*) FROM pg_catalog.pg_class x
         WHERE x.relkind = 'i' AND x.relname LIKE 'idx\_k\_%' AND pg_catalog.pg_table_is_visible(x.oid)) AS k_indexes,
       current_database() AS database,
       current_setting('max_connections')::int AS max_connections,
       current_setting('superuser_reserved_connections')::int AS reserved_connections
