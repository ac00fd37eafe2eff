-- What the files on disk say now, in the order the server reads them.
SELECT sourcefile, sourceline, name, setting, applied, error
  FROM pg_catalog.pg_file_settings
 ORDER BY seqno
