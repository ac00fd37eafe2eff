-- The notes of K-indexer.
SELECT key, value FROM k_vars WHERE key IN ('schema_version', 'network')
