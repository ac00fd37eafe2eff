-- Is the log from $1 on no longer there for a copy called $2, which is not being sent anything?
SELECT NOT EXISTS (SELECT FROM pg_catalog.pg_stat_replication WHERE application_name = $2)
       AND pg_catalog.pg_walfile_name($1::pg_lsn) NOT IN (SELECT name FROM pg_catalog.pg_ls_waldir()) AS lost
