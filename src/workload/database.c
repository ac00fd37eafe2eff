/* SPDX-License-Identifier: MIT */
#include "workload/database.h"

#include "base/error.h"

/* All names of all schemas, and what an interrupted migration leaves. */
static const char all_names[]
  = "vars,kaspa_sim_fill,blocks,block_parent,transactions,transactions_acceptances,addresses_transactions,"
    "scripts_transactions,blocks_transactions,transactions_inputs,transactions_outputs,subnetworks,utxos,"
    "transactions_old,transactions_inputs_old,transactions_outputs_old,transactions_new,blocks_new,"
    "blocks_transactions_dedup";

/* Two of the names are tables in one schema and types in others. Tables first: they use the types. */
gboolean
kt_database_drop (PGconn *connection, GError **error)
{
  g_autoptr (PGresult) found
    = kt_sim_query (connection, error,
                    "SELECT format ('DROP %s %I', CASE relkind WHEN 'c' THEN 'TYPE' ELSE 'TABLE' END, relname)"
                    " FROM pg_class WHERE relnamespace = current_schema ()::regnamespace AND relkind IN ('r', 'c')"
                    " AND relname = ANY (string_to_array ($1, ',')) ORDER BY relkind DESC", all_names, NULL);
  if (found == NULL)
    return FALSE;
  for (int i = 0; i < PQntuples (found); i++)
    if (!kt_sim_run (connection, error, PQgetvalue (found, i, 0), NULL))
      return FALSE;
  return kt_sim_run (connection, error,
                     "SET client_min_messages = warning; DROP PROCEDURE IF EXISTS _v21_migrate_subnetworks", NULL);
}

gboolean
kt_database_create_tables (PGconn *connection, const KtSim *sim, GError **error)
{
  g_autofree char *tables = kt_schema_tables_sql (kt_schema_find (sim->schema));
  return kt_sim_run (connection, error, "CREATE TABLE vars (key varchar(255) PRIMARY KEY, value text NOT NULL)", NULL)
         && kt_sim_run (connection, error, tables, NULL) && kt_sim_save (sim, connection, error);
}

gboolean
kt_database_create (PGconn *connection, const KtSim *sim, GError **error)
{
  g_auto (GStrv) indexes = kt_schema_indexes_sql (kt_schema_find (sim->schema), KT_LAYOUT_FRESH);
  g_autofree char *version = g_strdup_printf ("%u", sim->schema);
  if (!kt_sim_run (connection, error, "BEGIN", NULL) || !kt_database_create_tables (connection, sim, error))
    return FALSE;
  for (char **sql = indexes; *sql != NULL; sql++)
    if (!kt_sim_run (connection, error, *sql, NULL))
      return FALSE;
  return kt_sim_run (connection, error, "INSERT INTO vars (key, value) VALUES ('schema_version', $1)", version, NULL)
         && kt_sim_run (connection, error, "COMMIT", NULL);
}

char *
kt_database_find_table (PGconn *connection, GError **error)
{
  g_autoptr (PGresult) result
    = kt_sim_query (connection, error,
                    "SELECT n FROM unnest (string_to_array ($1, ',')) n WHERE to_regclass (n) IS NOT NULL LIMIT 1",
                    all_names, NULL);
  return result == NULL ? NULL : g_strdup (PQntuples (result) > 0 ? PQgetvalue (result, 0, 0) : "");
}

gboolean
kt_database_schema_version (PGconn *connection, guint *version, GError **error)
{
  g_autoptr (GError) local = NULL;
  g_autoptr (PGresult) result
    = kt_sim_query (connection, &local, "SELECT value FROM vars WHERE key = 'schema_version'", NULL);
  if (result == NULL && PQstatus (connection) != CONNECTION_OK)
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  *version =
      result != NULL && PQntuples (result) == 1 ? (guint)g_ascii_strtoull (PQgetvalue (result, 0, 0), NULL, 10) : 0;
  return TRUE;
}
