-- What tells which release made a database, and whether a migration ended in the middle: tables and types of the indexers by
-- name, with columns, primary key, the columns of each index, indexes that are not valid, triggers.
SELECT c.relname AS name,
       n.nspname AS schema,
       c.relkind <> 'c' AS is_table,
       c.reltuples AS rows,
       c.relkind <> 'c' AND pg_catalog.has_table_privilege(c.oid, 'SELECT') AS readable,
       CASE WHEN c.relkind <> 'c' THEN c.relpages * current_setting('block_size')::int8 ELSE 0 END AS heap_bytes,
       (SELECT array_agg(a.attname::text ORDER BY a.attnum) FROM pg_catalog.pg_attribute a
         WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) AS columns,
       (SELECT array_agg(pg_catalog.format_type(a.atttypid, NULL) ORDER BY a.attnum) FROM pg_catalog.pg_attribute a
         WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) AS types,
       (SELECT string_agg(a.attname::text, '+' ORDER BY k.place)
          FROM pg_catalog.pg_index i, unnest(i.indkey::int2[]) WITH ORDINALITY k (attnum, place), pg_catalog.pg_attribute a
         WHERE i.indrelid = c.oid AND i.indisprimary AND a.attrelid = c.oid AND a.attnum = k.attnum) AS key,
       (SELECT array_agg((SELECT string_agg(a.attname::text, '+' ORDER BY k.place)
                            FROM unnest(i.indkey::int2[]) WITH ORDINALITY k (attnum, place)
                            JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.attnum) ORDER BY i.indexrelid)
          FROM pg_catalog.pg_index i WHERE i.indrelid = c.oid AND i.indisvalid AND i.indpred IS NULL) AS indexes,
       (SELECT array_agg(x.relname::text ORDER BY x.relname) FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
         WHERE i.indrelid = c.oid AND NOT i.indisvalid) AS invalid,
       (SELECT array_agg(t.tgname::text ORDER BY t.tgname) FROM pg_catalog.pg_trigger t
         WHERE t.tgrelid = c.oid AND NOT t.tgisinternal AND t.tgenabled <> 'D') AS triggers
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('r', 'p', 'c')
   AND c.relpersistence <> 't'
   AND pg_catalog.pg_table_is_visible(c.oid)
   AND n.nspname NOT IN ('pg_catalog', 'information_schema')
   AND (c.relname IN ('addresses_transactions', 'block_parent', 'blocks', 'blocks_transactions', 'scripts_transactions', 'subnetworks',
                      'transactions', 'transactions_acceptances', 'transactions_inputs', 'transactions_outputs', 'utxos', 'vars',
                      'transactions_old', 'transactions_inputs_old', 'transactions_outputs_old', 'transactions_new', 'blocks_new',
                      'blocks_transactions_dedup')
        OR c.relname LIKE 'k\_%')
 ORDER BY c.relname
