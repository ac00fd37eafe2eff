SELECT checkpoints_timed AS timed, checkpoints_req AS requested,
       (SELECT sum(writes) FROM pg_catalog.pg_stat_io WHERE backend_type = 'client backend' AND object = 'relation') AS buffers_backend
  FROM pg_catalog.pg_stat_bgwriter
