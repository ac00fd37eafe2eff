-- How far a following copy is: bytes of log that are in its files, and that are received at all.
SELECT (pg_catalog.pg_last_wal_replay_lsn() - '0/0')::int8 AS replayed,
       (coalesce(pg_catalog.pg_last_wal_receive_lsn(), pg_catalog.pg_last_wal_replay_lsn()) - '0/0')::int8 AS received
