-- The tables of simply-kaspa-indexer (schemas 10 to 23) and K-indexer in this database, largest first. The size functions wait
-- behind an exclusive lock (a running migration), so a table that is locked gets the size of its last analyse.
WITH wanted AS (
  SELECT c.oid, n.nspname, c.relname, c.reltuples, c.relpages, c.reloptions,
         EXISTS (SELECT FROM pg_catalog.pg_locks l
                  WHERE l.mode = 'AccessExclusiveLock'
                    AND (l.relation = c.oid
                         OR l.relation IN (SELECT i.indexrelid FROM pg_catalog.pg_index i WHERE i.indrelid = c.oid))) AS locked,
         coalesce((SELECT sum(x.relpages) FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
                    WHERE i.indrelid = c.oid), 0)::int8 AS index_pages,
         c.relname = 'vars' AND pg_catalog.pg_table_is_visible(c.oid)
           AND (SELECT count(*) FROM pg_catalog.pg_attribute a
                 WHERE a.attrelid = c.oid AND a.attname IN ('key', 'value') AND NOT a.attisdropped) = 2 AS holds_version,
         pg_catalog.has_table_privilege(c.oid, 'SELECT') AS readable
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
   WHERE c.relkind IN ('r', 'p')
     AND c.relpersistence <> 't'
     AND n.nspname NOT IN ('pg_catalog', 'information_schema')
     AND (c.relname IN ('addresses_transactions', 'block_parent', 'blocks', 'blocks_transactions', 'scripts_transactions',
                        'subnetworks', 'transactions', 'transactions_acceptances', 'transactions_inputs',
                        'transactions_outputs', 'utxos', 'vars')
          OR c.relname LIKE 'k\_%')
), block AS (
  SELECT current_setting('block_size')::int8 AS size
)
SELECT nspname AS schema, relname AS name, reltuples AS rows, reloptions AS options, holds_version, readable,
       CASE WHEN locked THEN relpages * size ELSE pg_catalog.pg_relation_size(oid) END AS heap_bytes,
       CASE WHEN locked THEN index_pages * size ELSE pg_catalog.pg_indexes_size(oid) END AS index_bytes,
       CASE WHEN locked THEN (relpages + index_pages) * size ELSE pg_catalog.pg_total_relation_size(oid) END AS total_bytes,
       pg_catalog.pg_stat_get_tuples_inserted(oid) AS inserted,
       pg_catalog.pg_stat_get_tuples_updated(oid) AS updated,
       pg_catalog.pg_stat_get_tuples_deleted(oid) AS deleted,
       pg_catalog.pg_stat_get_dead_tuples(oid) AS dead
  FROM wanted, block
 ORDER BY total_bytes DESC NULLS LAST, schema, name
