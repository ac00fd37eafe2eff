-- Tables of simply-kaspa-indexer v2.1.2, schema 21. Keys and indexes: schema-21-indexes.sql.
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

CREATE TABLE blocks (
  hash bytea NOT NULL,
  accepted_id_merkle_root bytea,
  merge_set_blues_hashes bytea[],
  merge_set_reds_hashes bytea[],
  selected_parent_hash bytea,
  bits bigint,
  blue_score bigint,
  blue_work bytea,
  daa_score bigint,
  hash_merkle_root bytea,
  nonce bytea,
  pruning_point bytea,
  "timestamp" bigint,
  utxo_commitment bytea,
  version smallint
);

CREATE TABLE block_parent (
  block_hash bytea NOT NULL,
  parent_hash bytea NOT NULL
);

CREATE TABLE transactions (
  transaction_id bytea NOT NULL,
  subnetwork_id bytea,
  hash bytea,
  mass integer,
  payload bytea,
  block_time bigint,
  version smallint,
  inputs transactions_inputs[],
  outputs transactions_outputs[]
);

CREATE TABLE transactions_acceptances (
  transaction_id bytea,
  block_hash bytea
);

CREATE TABLE addresses_transactions (
  address text NOT NULL,
  transaction_id bytea NOT NULL,
  block_time bigint NOT NULL
);

CREATE TABLE scripts_transactions (
  script_public_key bytea NOT NULL,
  transaction_id bytea NOT NULL,
  block_time bigint NOT NULL
);

CREATE TABLE blocks_transactions (
  block_hash bytea NOT NULL,
  transaction_id bytea NOT NULL
);
