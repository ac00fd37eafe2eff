-- Every table with rows of its own that a base backup keeps (an unlogged one comes back empty), and what the server believes it holds:
-- the larger of the planner's number and the counter, since
-- either may never have been filled in. -1: no idea. Nothing here waits for a table that somebody has locked.
SELECT n.nspname AS schema, c.relname AS name,
       CASE WHEN c.reltuples <= 0 AND pg_catalog.pg_stat_get_live_tuples(c.oid) = 0
            THEN -1
            ELSE greatest(c.reltuples::int8, pg_catalog.pg_stat_get_live_tuples(c.oid)) END AS estimate
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind = 'r'
   AND c.relpersistence = 'p'
   AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
 ORDER BY n.nspname, c.relname
