-- 13 counts no WAL: what was written since the last checkpoint began.
SELECT pg_catalog.pg_wal_lsn_diff(CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_replay_lsn()
                                       ELSE pg_catalog.pg_current_wal_lsn() END, redo_lsn) AS bytes,
       extract(epoch FROM now() - checkpoint_time) AS seconds,
       -1 AS wal_buffers_full
  FROM pg_catalog.pg_control_checkpoint()
