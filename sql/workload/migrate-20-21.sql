-- Schema 20 to 21: subnetworks become bytes in the transaction, a version comes, the counters of spent outputs go.
-- trim of bytea needs PostgreSQL 14, as the indexer's own script does.
ALTER TABLE transactions DROP COLUMN outputs_spent;
DROP TABLE utxos;
ALTER TABLE transactions ADD COLUMN version smallint;

CREATE TEMP TABLE subnetwork_bytes AS
SELECT id, bytes
FROM (SELECT id, trim (TRAILING '\x00'::bytea FROM decode (subnetwork_id, 'hex')) AS bytes FROM subnetworks) s
WHERE length (bytes) > 0;

ALTER TABLE transactions ADD COLUMN subnetwork_id_new bytea;

-- Windows of a day, a commit each. An empty table has no first day: the note of it fails, there as here.
CREATE OR REPLACE PROCEDURE _v21_migrate_subnetworks ()
LANGUAGE plpgsql
AS $$
DECLARE
  day_ms CONSTANT bigint := 86400000;
  from_ms bigint;
  last_ms bigint;
BEGIN
  SELECT coalesce ((SELECT value::bigint FROM vars WHERE key = 'v21_compressed_subnetworks_checkpoint'),
                   min (block_time)),
         max (block_time)
  INTO from_ms, last_ms
  FROM transactions;
  LOOP
    UPDATE transactions t
    SET subnetwork_id_new = s.bytes
    FROM subnetwork_bytes s
    WHERE t.subnetwork_id = s.id AND t.block_time >= from_ms AND t.block_time < from_ms + day_ms;
    INSERT INTO vars (key, value) VALUES ('v21_compressed_subnetworks_checkpoint', from_ms::text)
    ON CONFLICT (key) DO UPDATE SET value = EXCLUDED.value;
    COMMIT;
    from_ms := from_ms + day_ms;
    EXIT WHEN from_ms > last_ms;
  END LOOP;
END $$;

CALL _v21_migrate_subnetworks ();
DROP PROCEDURE _v21_migrate_subnetworks ();

DELETE FROM vars WHERE key = 'v21_compressed_subnetworks_checkpoint';
DROP TABLE subnetwork_bytes;

ALTER TABLE transactions DROP COLUMN subnetwork_id;
ALTER TABLE transactions RENAME COLUMN subnetwork_id_new TO subnetwork_id;
DROP TABLE subnetworks;

UPDATE vars SET value = '21' WHERE key = 'schema_version';
