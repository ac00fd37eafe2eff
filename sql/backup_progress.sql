SELECT coalesce(b.backup_streamed, 0) AS done, coalesce(b.backup_total, 0) AS total
  FROM pg_catalog.pg_stat_progress_basebackup b
  JOIN pg_catalog.pg_stat_activity a ON a.pid = b.pid
 WHERE a.application_name = $1
