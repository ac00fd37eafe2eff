-- The session's own slot lets go of what the copy has: up to $2, or ('') what pg_basebackup under the name $3 has received.
SELECT pg_catalog.pg_replication_slot_advance(s.slot_name, r.lsn)
  FROM pg_catalog.pg_replication_slots s
 CROSS JOIN (SELECT coalesce(nullif($2, '')::pg_lsn,
                             (SELECT max(write_lsn) FROM pg_catalog.pg_stat_replication WHERE application_name = $3)) AS lsn) r
 WHERE s.slot_name = $1 AND r.lsn > s.restart_lsn
