-- Schema 9 to 10. The tables are the same: only the number changes.
UPDATE vars SET value = '10' WHERE key = 'schema_version';
