-- Bytes of a relation, whose files end at a gigabyte (segment_size, in blocks).
SELECT pg_catalog.pg_read_binary_file(
         CASE WHEN $2::bigint < s.bytes THEN $1 ELSE $1 || '.' || ($2::bigint / s.bytes) END,
         $2::bigint % s.bytes, $3::bigint, true) AS bytes
  FROM (SELECT setting::bigint * pg_catalog.current_setting('block_size')::bigint AS bytes
          FROM pg_catalog.pg_settings WHERE name = 'segment_size') s
