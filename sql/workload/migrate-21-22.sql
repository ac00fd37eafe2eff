-- Schema 21 to 22: more members of inputs and outputs, in the catalog alone.
ALTER TYPE transactions_inputs ADD ATTRIBUTE compute_budget smallint;
ALTER TYPE transactions_inputs ADD ATTRIBUTE covenant_id bytea;
ALTER TYPE transactions_outputs ADD ATTRIBUTE covenant_authorizing_input smallint;
ALTER TYPE transactions_outputs ADD ATTRIBUTE covenant_id bytea;

UPDATE vars SET value = '22' WHERE key = 'schema_version';
