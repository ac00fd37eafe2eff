-- How far a running server is: bytes of log written, and the next transaction that will change something.
SELECT (pg_catalog.pg_current_wal_lsn() - '0/0')::int8 AS written,
       pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())::text::int8 AS next_xid
