-- Schema 10 to 20: inputs and outputs become arrays of their transaction.
-- The number comes first, every statement commits: what ends here between two of them looks complete to the next start.
UPDATE vars SET value = '20' WHERE key = 'schema_version';

CREATE TABLE utxos (
  transaction_id bytea,
  index smallint,
  amount bigint,
  script_public_key bytea,
  script_public_key_address text
);

-- No rewrite: the bytes are the same.
ALTER TABLE transactions_outputs ALTER COLUMN script_public_key_address TYPE text;
ALTER TABLE addresses_transactions ALTER COLUMN address TYPE text;

ALTER TABLE transactions RENAME TO transactions_old;
ALTER TABLE transactions_inputs RENAME TO transactions_inputs_old;
ALTER TABLE transactions_outputs RENAME TO transactions_outputs_old;

CREATE TYPE transactions_inputs AS (
  index smallint,
  previous_outpoint_hash bytea,
  previous_outpoint_index smallint,
  signature_script bytea,
  sig_op_count smallint,
  previous_outpoint_script bytea,
  previous_outpoint_amount bigint
);

CREATE TYPE transactions_outputs AS (
  index smallint,
  amount bigint,
  script_public_key bytea,
  script_public_key_address text
);

CREATE TABLE transactions (
  transaction_id bytea,
  subnetwork_id integer,
  hash bytea,
  mass integer,
  payload bytea,
  block_time bigint,
  inputs transactions_inputs[],
  outputs transactions_outputs[],
  outputs_spent smallint
);

-- Two index probes a transaction, in one backend.
INSERT INTO transactions (transaction_id, subnetwork_id, hash, mass, payload, block_time, inputs, outputs)
SELECT x.transaction_id, x.subnetwork_id, x.hash, x.mass, x.payload, x.block_time, spent.elements, made.elements
FROM transactions_old x,
  LATERAL (
    SELECT array_agg ((e.index, e.previous_outpoint_hash, e.previous_outpoint_index, e.signature_script, e.sig_op_count,
                       e.previous_outpoint_script, e.previous_outpoint_amount)::transactions_inputs
                      ORDER BY e.index) AS elements
    FROM transactions_inputs_old e WHERE e.transaction_id = x.transaction_id
  ) spent,
  LATERAL (
    SELECT array_agg ((e.index, e.amount, e.script_public_key, e.script_public_key_address)::transactions_outputs
                      ORDER BY e.index) AS elements
    FROM transactions_outputs_old e WHERE e.transaction_id = x.transaction_id
  ) made;

DROP TABLE transactions_old;
DROP TABLE transactions_inputs_old;
DROP TABLE transactions_outputs_old;

ALTER TABLE transactions ADD PRIMARY KEY (transaction_id);
CREATE INDEX ON transactions (block_time DESC);

VACUUM ANALYZE transactions;
