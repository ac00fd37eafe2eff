-- Mapping tables as v1.4.0 to v2.1.1 create them, whatever the schema was upgraded to since. One statement a line, largest first.
ALTER TABLE addresses_transactions ADD PRIMARY KEY (address, transaction_id);
ALTER TABLE scripts_transactions ADD PRIMARY KEY (script_public_key, transaction_id);
CREATE INDEX ON addresses_transactions (address, block_time DESC);
CREATE INDEX ON scripts_transactions (script_public_key, block_time DESC);
