/* SPDX-License-Identifier: MIT */
#include "backup/counts.h"

#include "base/error.h"

#include <string.h>

/* An estimate may be off by half, and by so many rows where there are few. */
#define ESTIMATE_FACTOR 2
#define ESTIMATE_ROWS 1000

KtConnection *
kt_backup_connect (const char *conninfo, const char *database, GError **error)
{
  g_autoptr (GString) quoted = g_string_new (database);
  g_string_replace (quoted, "\\", "\\\\", 0);
  g_string_replace (quoted, "'", "\\'", 0);
  g_autofree char *whole = g_strdup_printf ("%s dbname='%s'", conninfo != NULL ? conninfo : "", quoted->str);
  g_autoptr (KtConnection) connection = kt_connection_open (whole, error);
  if (connection == NULL)
    return NULL;
  g_autoptr (PGresult) patient = kt_connection_query (connection, error, "SET statement_timeout = 0", NULL);
  return patient != NULL ? g_steal_pointer (&connection) : NULL;
}

static gint64
count_one (KtConnection *connection, const char *schema, const char *name, GCancellable *cancellable, GError **error)
{
  PGconn *pq = kt_connection_pq (connection);
  char *first = PQescapeIdentifier (pq, schema, strlen (schema)), *second = PQescapeIdentifier (pq, name, strlen (name));
  g_autofree char *sql = g_strdup_printf ("SELECT count(*) AS n FROM ONLY %s.%s", first, second);
  PQfreemem (first);
  PQfreemem (second);
  g_autoptr (PGresult) row = kt_connection_query_long (connection, cancellable, error, sql);
  return row != NULL ? kt_result_int (row, 0, "n") : -1;
}

static gboolean
take_snapshot (KtConnection *connection, const char *snapshot, GError **error)
{
  if (snapshot == NULL)
    return TRUE;
  g_autofree char *sql = g_strdup_printf ("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY; SET TRANSACTION SNAPSHOT '%s'", snapshot);
  g_autoptr (PGresult) taken = kt_connection_query (connection, error, sql, NULL);
  return taken != NULL;
}

gboolean
kt_backup_count (const char *conninfo, const char *database, gboolean exact, const char *snapshot, const KtBackupWatch *watch,
                 JsonArray *tables, GError **error)
{
  g_autoptr (KtConnection) connection = kt_backup_connect (conninfo, database, error);
  if (connection == NULL || !take_snapshot (connection, snapshot, error))
    return FALSE;
  g_autoptr (PGresult) rows = kt_connection_query_file (connection, error, "backup_tables", NULL);
  for (int i = 0; rows != NULL && i < PQntuples (rows); i++)
    {
      const char *schema = kt_result_get (rows, i, "schema"), *name = kt_result_get (rows, i, "name");
      if (exact)
        kt_backup_say (watch, "counting rows", 0, 0);
      gint64 n = exact ? count_one (connection, schema, name, watch->cancellable, error) : kt_result_int (rows, i, "estimate");
      if (exact && n < 0)
        return FALSE;
      JsonObject *table = json_object_new ();
      json_object_set_string_member (table, "database", database);
      json_object_set_string_member (table, "schema", schema);
      json_object_set_string_member (table, "name", name);
      json_object_set_int_member (table, "low", n);
      json_object_set_int_member (table, "high", n);
      json_object_set_boolean_member (table, "exact", exact);
      json_array_add_object_element (tables, table);
    }
  return rows != NULL;
}

gboolean
kt_backup_count_all (const KtBackupSource *source, gboolean exact, const KtBackupWatch *watch, JsonArray *tables, GError **error)
{
  g_autoptr (PGresult) databases = kt_connection_query_file (source->connection, error, "backup_databases", NULL);
  for (int i = 0; databases != NULL && i < PQntuples (databases); i++)
    if (!kt_backup_count (source->conninfo, kt_result_get (databases, i, "name"), exact, NULL, watch, tables, error))
      return FALSE;
  return databases != NULL;
}

static gboolean
is_same_table (JsonObject *one, JsonObject *other)
{
  static const char *const keys[] = { "database", "schema", "name" };
  for (gsize i = 0; i < G_N_ELEMENTS (keys); i++)
    if (g_strcmp0 (kt_json_string (one, keys[i], ""), kt_json_string (other, keys[i], "")) != 0)
      return FALSE;
  return TRUE;
}

void
kt_backup_widen_counts (JsonArray *tables, JsonArray *later)
{
  for (guint i = 0; i < json_array_get_length (tables); i++)
    for (guint k = 0; k < json_array_get_length (later); k++)
      {
        JsonObject *table = json_array_get_object_element (tables, i), *now = json_array_get_object_element (later, k);
        gint64 n = kt_json_int (now, "low", -1);
        if (!is_same_table (table, now) || n < 0)
          continue;
        gint64 low = kt_json_int (table, "low", -1);
        json_object_set_int_member (table, "low", low < 0 ? n : MIN (low, n));
        json_object_set_int_member (table, "high", MAX (kt_json_int (table, "high", -1), n));
      }
}

/* ------------------------------------------------------------------------------------------------------- comparing */

static gboolean
fits (JsonObject *table, gint64 counted)
{
  gint64 low = kt_json_int (table, "low", -1), high = kt_json_int (table, "high", -1);
  if (low < 0)
    return TRUE;
  if (kt_json_bool (table, "exact", FALSE))
    return counted >= low && counted <= high;
  return counted >= low / ESTIMATE_FACTOR - ESTIMATE_ROWS && counted <= high * ESTIMATE_FACTOR + ESTIMATE_ROWS;
}

static void
set_misfit (JsonObject *table, gint64 counted, GError **error)
{
  gint64 low = kt_json_int (table, "low", -1), high = kt_json_int (table, "high", -1);
  g_autofree char *recorded = low == high ? g_strdup_printf ("%" G_GINT64_FORMAT, low)
                                          : g_strdup_printf ("%" G_GINT64_FORMAT " to %" G_GINT64_FORMAT, low, high);
  kt_error_set (error, KT_ERROR_VERIFY, NULL, "do not rely on this backup; make a new one: kastune backup create",
                "table %s.%s of database %s holds %" G_GINT64_FORMAT " rows, %s %s were recorded",
                kt_json_string (table, "schema", ""), kt_json_string (table, "name", ""), kt_json_string (table, "database", ""),
                counted, kt_json_bool (table, "exact", FALSE) ? "but" : "but about", recorded);
}

gboolean
kt_backup_check_counts (const char *conninfo, const char *database, JsonArray *tables, const KtBackupWatch *watch,
                        JsonObject *report, GError **error)
{
  JsonArray *counted = json_array_new ();
  json_object_set_array_member (report, "tables", counted);
  g_autoptr (KtConnection) connection = NULL;
  const char *connected = NULL;
  gint64 sum = 0;
  for (guint i = 0; tables != NULL && i < json_array_get_length (tables); i++)
    {
      JsonObject *table = json_array_get_object_element (tables, i);
      const char *wanted = database != NULL ? database : kt_json_string (table, "database", "");
      if (g_strcmp0 (wanted, connected) != 0)
        {
          g_clear_pointer (&connection, kt_connection_free);
          connection = kt_backup_connect (conninfo, wanted, error);
          connected = wanted;
        }
      kt_backup_say (watch, "counting rows of the restored tables", 0, 0);
      gint64 n = connection != NULL ? count_one (connection, kt_json_string (table, "schema", ""), kt_json_string (table, "name", ""),
                                                 watch->cancellable, error) : -1;
      if (n < 0)
        return FALSE;
      if (!fits (table, n))
        {
          set_misfit (table, n, error);
          return FALSE;
        }
      JsonObject *row = json_object_new ();
      kt_json_set_string (row, "database", kt_json_string (table, "database", NULL));
      kt_json_set_string (row, "schema", kt_json_string (table, "schema", NULL));
      kt_json_set_string (row, "name", kt_json_string (table, "name", NULL));
      json_object_set_int_member (row, "counted", n);
      json_object_set_int_member (row, "low", kt_json_int (table, "low", -1));
      json_object_set_int_member (row, "high", kt_json_int (table, "high", -1));
      json_object_set_boolean_member (row, "exact", kt_json_bool (table, "exact", FALSE));
      json_array_add_object_element (counted, row);
      sum += n;
    }
  json_object_set_int_member (report, "rows", sum);
  return TRUE;
}
