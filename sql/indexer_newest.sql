-- The newest transaction and how many came in the ten seconds of the chain before it; only asked where an index by time is.
WITH newest AS (SELECT max(block_time) AS at_ms FROM transactions)
SELECT at_ms AS newest_ms,
       (SELECT count(*) FROM transactions t WHERE t.block_time > at_ms - 10000 AND t.block_time <= at_ms) AS in_ten_seconds
  FROM newest
