-- The tables that a dump is copying now. What a COPY sends is not the size on disk, so only its table is of use.
SELECT p.relid,
       (c.relpages + coalesce(t.relpages, 0))::int8 * current_setting('block_size')::int8 AS bytes
  FROM pg_catalog.pg_stat_progress_copy p
  JOIN pg_catalog.pg_stat_activity a ON a.pid = p.pid
  JOIN pg_catalog.pg_class c ON c.oid = p.relid
  LEFT JOIN pg_catalog.pg_class t ON t.oid = c.reltoastrelid
 WHERE a.application_name = $1
