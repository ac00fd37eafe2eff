SELECT num_timed AS timed, num_requested AS requested,
       (SELECT sum(writes) FROM pg_catalog.pg_stat_io WHERE backend_type = 'client backend' AND object = 'relation') AS buffers_backend
  FROM pg_catalog.pg_stat_checkpointer
