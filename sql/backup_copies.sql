-- Before 14 the server does not tell how far a COPY is.
SELECT 0::oid AS relid, 0::int8 AS bytes WHERE false AND $1 <> ''
