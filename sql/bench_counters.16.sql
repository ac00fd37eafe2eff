-- From 16 on buffers_backend lacks most pages that extend a table: pg_stat_io has them.
SELECT w.wal_bytes::int8 AS wal_bytes, w.wal_fpi AS wal_full_page_images, w.wal_buffers_full,
       b.checkpoints_timed, b.checkpoints_req AS checkpoints_requested,
       b.buffers_checkpoint AS written_checkpointer, b.buffers_clean AS written_bgwriter,
       (SELECT sum(coalesce(writes, 0) + coalesce(extends, 0)) FROM pg_catalog.pg_stat_io
         WHERE object = 'relation' AND backend_type NOT IN ('checkpointer', 'background writer'))::int8 AS written_backends,
       d.blks_hit AS blocks_hit, d.blks_read AS blocks_read, d.deadlocks,
       (SELECT sum(n_tup_ins)::int8 FROM pg_catalog.pg_stat_user_tables WHERE relname = 'transactions') AS transactions,
       (SELECT sum(n_tup_ins)::int8 FROM pg_catalog.pg_stat_user_tables WHERE relname = 'blocks') AS blocks
  FROM pg_catalog.pg_stat_bgwriter b
 CROSS JOIN pg_catalog.pg_stat_wal w
  LEFT JOIN pg_catalog.pg_stat_database d ON d.datname = current_database()
