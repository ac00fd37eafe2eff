-- The log file being written, and how many the server reuses when it is at work.
SELECT pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_lsn()) AS file,
       pg_catalog.pg_size_bytes(current_setting('wal_segment_size')) AS segment_bytes,
       pg_catalog.pg_size_bytes(current_setting('max_wal_size')) AS max_bytes,
       current_setting('wal_recycle')::bool AS reused
