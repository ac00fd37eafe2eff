-- A session takes the files again only after the postmaster has: then new sessions have the new values too.
SELECT pg_catalog.pg_conf_load_time() AS loaded_at
