SELECT wal_bytes AS bytes, extract(epoch FROM now() - stats_reset) AS seconds, wal_buffers_full
  FROM pg_catalog.pg_stat_wal
