/* SPDX-License-Identifier: MIT */
#include "workload/database.h"

#include "base/error.h"

gboolean
kt_database_drop (PGconn *connection, const KtSchema *schema, GError **error)
{
  GString *sql = g_string_new ("SET client_min_messages = warning; DROP TABLE IF EXISTS vars, kaspa_sim_fill");
  for (guint i = 0; i < KT_N_TABLES; i++)
    g_string_append_printf (sql, ", %s", schema->tables[i]->name);
  g_string_append (sql, "; DROP TYPE IF EXISTS transactions_inputs, transactions_outputs");
  g_autofree char *text = g_string_free (sql, FALSE);
  return kt_sim_run (connection, error, text, NULL);
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
  g_auto (GStrv) indexes = kt_schema_indexes_sql (kt_schema_find (sim->schema));
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
kt_database_find_table (PGconn *connection, const KtSchema *schema, GError **error)
{
  g_autoptr (GStrvBuilder) names = g_strv_builder_new ();
  for (guint i = 0; i < KT_N_TABLES; i++)
    g_strv_builder_add (names, schema->tables[i]->name);
  g_strv_builder_add (names, "vars");
  g_auto (GStrv) list = g_strv_builder_end (names);
  g_autofree char *joined = g_strjoinv (",", list);
  g_autoptr (PGresult) result
    = kt_sim_query (connection, error,
                    "SELECT n FROM unnest (string_to_array ($1, ',')) n WHERE to_regclass (n) IS NOT NULL LIMIT 1",
                    joined, NULL);
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
