-- Tables of simply-kaspa-indexer v1.6.3, schema 10. Keys and indexes: schema-10-indexes.sql.
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
  subnetwork_id integer,
  hash bytea,
  mass integer,
  payload bytea,
  block_time bigint
);

CREATE TABLE transactions_acceptances (
  transaction_id bytea,
  block_hash bytea
);

CREATE TABLE addresses_transactions (
  address varchar NOT NULL,
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

CREATE TABLE transactions_inputs (
  transaction_id bytea NOT NULL,
  index smallint NOT NULL,
  previous_outpoint_hash bytea,
  previous_outpoint_index smallint,
  signature_script bytea,
  sig_op_count smallint,
  block_time bigint,
  previous_outpoint_script bytea,
  previous_outpoint_amount bigint
);

CREATE TABLE transactions_outputs (
  transaction_id bytea NOT NULL,
  index smallint NOT NULL,
  amount bigint,
  script_public_key bytea,
  script_public_key_address varchar,
  block_time bigint
);

CREATE TABLE subnetworks (
  id serial PRIMARY KEY,
  subnetwork_id varchar(40) NOT NULL
);
INSERT INTO subnetworks (subnetwork_id)
VALUES ('0100000000000000000000000000000000000000'), ('0000000000000000000000000000000000000000');
