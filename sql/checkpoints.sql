-- Up to 15 buffers_backend holds the pages that extend a table too.
SELECT checkpoints_timed AS timed, checkpoints_req AS requested, buffers_backend
  FROM pg_catalog.pg_stat_bgwriter
