-- What a run is measured by, cumulative. Up to 15 buffers_backend holds the pages that extend a table too. 13 counts no WAL but
-- its position.
SELECT pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_insert_lsn(), '0/0')::int8 AS wal_bytes,
       b.checkpoints_timed, b.checkpoints_req AS checkpoints_requested,
       b.buffers_checkpoint AS written_checkpointer, b.buffers_clean AS written_bgwriter, b.buffers_backend AS written_backends,
       d.blks_hit AS blocks_hit, d.blks_read AS blocks_read, d.deadlocks,
       (SELECT sum(n_tup_ins)::int8 FROM pg_catalog.pg_stat_user_tables WHERE relname = 'transactions') AS transactions,
       (SELECT sum(n_tup_ins)::int8 FROM pg_catalog.pg_stat_user_tables WHERE relname = 'blocks') AS blocks
  FROM pg_catalog.pg_stat_bgwriter b
  LEFT JOIN pg_catalog.pg_stat_database d ON d.datname = current_database()
