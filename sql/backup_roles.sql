-- Without passwords, which every role may read.
SELECT rolname AS name, rolsuper AS superuser, rolinherit AS inherit, rolcreaterole AS createrole, rolcreatedb AS createdb,
       rolcanlogin AS login, rolreplication AS replication, rolbypassrls AS bypassrls, rolconnlimit AS connection_limit,
       (SELECT string_agg(g.rolname, ', ' ORDER BY g.rolname)
          FROM pg_catalog.pg_auth_members m JOIN pg_catalog.pg_roles g ON g.oid = m.roleid
         WHERE m.member = r.oid) AS member_of
  FROM pg_catalog.pg_roles r
 WHERE rolname !~ '^pg_'
 ORDER BY rolname
