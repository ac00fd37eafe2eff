-- What a dump needs to be restored: how the database was made, who owns things in it, and what it takes without
-- indexes. By what the catalogue says of the indexes: their sizes could be had only by waiting for whoever has locked one.
SELECT pg_catalog.pg_encoding_to_char(d.encoding) AS encoding, d.datcollate AS collate, d.datctype AS ctype,
       greatest(0, pg_catalog.pg_database_size(d.oid)
                   - (SELECT coalesce(sum(c.relpages), 0)::int8 * current_setting('block_size')::int8
                        FROM pg_catalog.pg_class c WHERE c.relkind = 'i')) AS table_bytes,
       (SELECT array_agg(DISTINCT r.rolname::text)
          FROM pg_catalog.pg_shdepend s
          JOIN pg_catalog.pg_roles r ON r.oid = s.refobjid
         WHERE s.refclassid = 'pg_catalog.pg_authid'::regclass AND s.dbid = d.oid) AS roles
  FROM pg_catalog.pg_database d
 WHERE d.datname = current_database()
