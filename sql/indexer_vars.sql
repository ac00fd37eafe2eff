-- The notes of the indexer itself.
SELECT key, value FROM vars
 WHERE key IN ('schema_version', 'block_checkpoint', 'vcp_checkpoint', 'vspc_last_start_hash', 'v21_compressed_subnetworks_checkpoint')
