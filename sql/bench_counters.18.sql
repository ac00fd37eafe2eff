-- As 17; one write may hold several pages from 18 on: only the bytes tell how many.
SELECT w.wal_bytes::int8 AS wal_bytes, w.wal_fpi AS wal_full_page_images, w.wal_buffers_full,
       c.num_timed AS checkpoints_timed, c.num_requested AS checkpoints_requested,
       c.buffers_written AS written_checkpointer, b.buffers_clean AS written_bgwriter,
       (SELECT sum(coalesce(write_bytes, 0) + coalesce(extend_bytes, 0)) / current_setting('block_size')::int8 FROM pg_catalog.pg_stat_io
         WHERE object = 'relation' AND backend_type NOT IN ('checkpointer', 'background writer'))::int8 AS written_backends,
       d.blks_hit AS blocks_hit, d.blks_read AS blocks_read, d.deadlocks,
       (SELECT sum(n_tup_ins)::int8 FROM pg_catalog.pg_stat_user_tables WHERE relname = 'transactions') AS transactions,
       (SELECT sum(n_tup_ins)::int8 FROM pg_catalog.pg_stat_user_tables WHERE relname = 'blocks') AS blocks
  FROM pg_catalog.pg_stat_bgwriter b
 CROSS JOIN pg_catalog.pg_stat_checkpointer c
 CROSS JOIN pg_catalog.pg_stat_wal w
  LEFT JOIN pg_catalog.pg_stat_database d ON d.datname = current_database()
