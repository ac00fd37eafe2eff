-- Ends with this session, however that ends: nothing holds the log of a server whose kastune is gone.
SELECT pg_catalog.pg_create_physical_replication_slot($1, true, true)
