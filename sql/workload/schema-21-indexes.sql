-- Keys and indexes but for the mapping tables. One statement a line, largest first.
ALTER TABLE transactions ADD PRIMARY KEY (transaction_id);
ALTER TABLE transactions_acceptances ADD UNIQUE (transaction_id);
CREATE INDEX ON transactions_acceptances (block_hash);
CREATE INDEX ON transactions (block_time DESC);
ALTER TABLE block_parent ADD PRIMARY KEY (block_hash, parent_hash);
CREATE INDEX ON block_parent (parent_hash);
ALTER TABLE blocks ADD PRIMARY KEY (hash);
CREATE INDEX ON blocks (blue_score);
ALTER TABLE blocks_transactions ADD PRIMARY KEY (block_hash, transaction_id);
CREATE INDEX ON blocks_transactions (transaction_id);
