-- One write may hold several pages from 18 on: only the bytes tell how many.
SELECT num_timed AS timed, num_requested AS requested,
       (SELECT sum(write_bytes) / current_setting('block_size')::int8
          FROM pg_catalog.pg_stat_io WHERE backend_type = 'client backend' AND object = 'relation')::int8 AS buffers_backend
  FROM pg_catalog.pg_stat_checkpointer
