-- Schema 22 to 23: transactions name their first block, blocks their transactions, blocks_transactions goes.
-- What belongs to the old tables goes with them: triggers, further indexes, grants, storage parameters, comments.
SET synchronous_commit = off;

CREATE TABLE blocks_transactions_dedup AS
SELECT DISTINCT ON (x.transaction_id) x.transaction_id, x.block_hash
FROM blocks_transactions x JOIN blocks b ON b.hash = x.block_hash
ORDER BY x.transaction_id, b.blue_score;

ANALYZE blocks_transactions_dedup;

CREATE TABLE transactions_new AS
SELECT t.transaction_id, t.subnetwork_id, t.hash, t.mass, t.payload, t.block_time, t.version, t.inputs, t.outputs,
       first.block_hash
FROM transactions t LEFT JOIN blocks_transactions_dedup first ON first.transaction_id = t.transaction_id;

DROP TABLE transactions;
ALTER TABLE transactions_new RENAME TO transactions;
ALTER TABLE transactions ADD PRIMARY KEY (transaction_id);
CREATE INDEX ON transactions (block_time DESC);
ANALYZE transactions;
DROP TABLE blocks_transactions_dedup;

CREATE TABLE blocks_new AS
SELECT b.hash, b.accepted_id_merkle_root, held.transaction_ids, b.merge_set_blues_hashes, b.merge_set_reds_hashes,
       b.selected_parent_hash, b.bits, b.blue_score, b.blue_work, b.daa_score, b.hash_merkle_root, b.nonce,
       b.pruning_point, b."timestamp", b.utxo_commitment, b.version
FROM blocks b LEFT JOIN (
  SELECT block_hash, array_agg (transaction_id) AS transaction_ids FROM blocks_transactions GROUP BY block_hash
) held ON held.block_hash = b.hash;

DROP TABLE blocks;
ALTER TABLE blocks_new RENAME TO blocks;
ALTER TABLE blocks ADD PRIMARY KEY (hash);
CREATE INDEX ON blocks (blue_score);
ANALYZE blocks;
DROP TABLE blocks_transactions;

UPDATE vars SET value = '23' WHERE key = 'schema_version';
