-- Mapping tables as releases from v2.2.0 on create them. One statement a line, largest first.
ALTER TABLE addresses_transactions ADD PRIMARY KEY (address, block_time, transaction_id);
ALTER TABLE scripts_transactions ADD PRIMARY KEY (script_public_key, block_time, transaction_id);
CREATE INDEX ON addresses_transactions (block_time DESC);
CREATE INDEX ON scripts_transactions (block_time DESC);
