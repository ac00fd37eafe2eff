/* SPDX-License-Identifier: MIT */
#include "workload/api_parts.h"

#include "workload/sim.h"

#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* The number behind @key in a file of the kernel; -1 when there is none. */
static gint64
read_number (const char *path, const char *key)
{
  g_autofree char *text = NULL;
  if (!g_file_get_contents (path, &text, NULL, NULL))
    return -1;
  const char *at = key != NULL ? strstr (text, key) : text;
  if (at == NULL)
    return -1;
  at += key != NULL ? strlen (key) : 0;
  at += strspn (at, " \t");
  return g_ascii_isdigit (*at) ? g_ascii_strtoll (at, NULL, 10) : -1;
}

void
kt_api_process_read (KtApiProcess *process)
{
  struct rusage usage;
  gint64 limit = read_number ("/sys/fs/cgroup/memory.max", NULL);
  gint64 used = read_number ("/sys/fs/cgroup/memory.current", NULL);
  gint64 available_kb = read_number ("/proc/meminfo", "MemAvailable:");
  gint64 resident_kb = read_number ("/proc/self/status", "VmRSS:");
  getrusage (RUSAGE_SELF, &usage);
  process->cpu_us = (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * G_USEC_PER_SEC + usage.ru_utime.tv_usec
                    + usage.ru_stime.tv_usec;
  process->memory_used = resident_kb >= 0 ? resident_kb * 1024 : -1;
  process->memory_free = available_kb >= 0 ? available_kb * 1024 : -1;
  if (limit >= 0 && used >= 0)
    process->memory_free = limit - used;
}

char *
kt_api_size (gint64 bytes)
{
  static const char *const units[] = { "B", "kB", "MB", "GB", "TB", "PB" };
  double value = (double) bytes;
  guint unit = 0;
  for (; value >= 1000 && unit + 1 < G_N_ELEMENTS (units); unit++)
    value /= 1000;
  return unit == 0 ? g_strdup_printf ("%" G_GINT64_FORMAT " B", bytes) : g_strdup_printf ("%.1f %s", value, units[unit]);
}

char *
kt_api_time (gint64 unix_ms)
{
  g_autoptr (GDateTime) seconds = g_date_time_new_from_unix_utc (unix_ms / 1000);
  g_autofree char *text = g_date_time_format (seconds, "%Y-%m-%dT%H:%M:%S");
  return g_strdup_printf ("%s.%03dZ", text, (int) (unix_ms % 1000));
}

void
kt_api_set_text (JsonObject *object, const char *name, const char *text)
{
  if (text != NULL)
    json_object_set_string_member (object, name, text);
  else
    json_object_set_null_member (object, name);
}

void
kt_api_set_time (JsonObject *object, const char *name, gint64 unix_ms)
{
  g_autofree char *text = unix_ms > 0 ? kt_api_time (unix_ms) : NULL;
  kt_api_set_text (object, name, text);
}

void
kt_api_set_size (JsonObject *object, const char *name, gint64 bytes)
{
  g_autofree char *pretty_name = g_strconcat (name, "Pretty", NULL);
  g_autofree char *pretty = bytes >= 0 ? kt_api_size (bytes) : NULL;
  if (bytes >= 0)
    json_object_set_int_member (object, name, bytes);
  else
    json_object_set_null_member (object, name);
  kt_api_set_text (object, pretty_name, pretty);
}

void
kt_api_set_block (JsonObject *object, const char *name, const KtBlockInfo *block)
{
  if (!block->known)
    {
      json_object_set_null_member (object, name);
      return;
    }
  JsonObject *member = json_object_new ();
  g_autoptr (GString) hash = g_string_new (NULL);
  for (gsize i = 0; i < sizeof block->hash.bytes; i++)
    g_string_append_printf (hash, "%02x", block->hash.bytes[i]);
  json_object_set_string_member (member, "hash", hash->str);
  json_object_set_int_member (member, "timestamp", block->timestamp_ms);
  kt_api_set_time (member, "dateTime", block->timestamp_ms);
  json_object_set_int_member (member, "daaScore", block->daa_score);
  json_object_set_int_member (member, "blueScore", block->blue_score);
  json_object_set_object_member (object, name, member);
}

/* ---- the database ---- */

static const char *const activity_sql
  = "SELECT current_database (), current_schema (), pg_database_size (current_database ()),"
    " (SELECT count(*) FROM pg_stat_activity WHERE state = 'active'),"
    " (SELECT count(*) FROM pg_stat_activity WHERE cardinality (pg_blocking_pids (pid)) > 0),"
    " (SELECT count(*) FROM pg_stat_activity), current_setting ('max_connections'),"
    " (SELECT deadlocks FROM pg_stat_database WHERE datname = current_database ())";

static const char *const tables_sql
  = "SELECT relname, pg_total_relation_size (c.oid), pg_indexes_size (c.oid), reltuples::bigint"
    " FROM pg_class c WHERE relkind = 'r' AND relnamespace = current_schema ()::regnamespace"
    " ORDER BY 2 DESC, 1";

static gint64
number_at (const PGresult *result, int row, int column)
{
  return g_ascii_strtoll (PQgetvalue (result, row, column), NULL, 10);
}

static void
set_activity (JsonObject *database, const PGresult *result, gboolean with_deadlocks)
{
  static const char *const names[] = { "activeQueries", "blockedQueries", "activeConnections", "maxConnections",
                                       "deadlocks" };
  kt_api_set_text (database, "databaseName", result != NULL ? PQgetvalue (result, 0, 0) : NULL);
  kt_api_set_text (database, "schemaName", result != NULL ? PQgetvalue (result, 0, 1) : NULL);
  kt_api_set_size (database, "databaseSize", result != NULL ? number_at (result, 0, 2) : -1);
  for (int i = 0; i < (int) G_N_ELEMENTS (names) - !with_deadlocks; i++)
    if (result != NULL)
      json_object_set_int_member (database, names[i], number_at (result, 0, 3 + i));
    else
      json_object_set_null_member (database, names[i]);
}

static JsonArray *
tables_of (const PGresult *result, gboolean unsigned_rows)
{
  JsonArray *tables = json_array_new ();
  for (int i = 0; result != NULL && i < PQntuples (result); i++)
    {
      gint64 rows = number_at (result, i, 3);
      JsonObject *table = json_object_new ();
      json_object_set_string_member (table, "name", PQgetvalue (result, i, 0));
      kt_api_set_size (table, "totalSize", number_at (result, i, 1));
      kt_api_set_size (table, "indexesSize", number_at (result, i, 2));
      if (rows < 0 && unsigned_rows)
        json_object_set_string_member (table, "approximateRowCount", KT_API_NEVER_ANALYSED);
      else
        json_object_set_int_member (table, "approximateRowCount", MAX (rows, 0));
      json_array_add_object_element (tables, table);
    }
  return tables;
}

JsonObject *
kt_api_database (PGconn *connection, gboolean with_deadlocks, gboolean unsigned_rows)
{
  JsonObject *database = json_object_new ();
  g_autoptr (PGresult) activity = connection != NULL ? kt_sim_query (connection, NULL, activity_sql, NULL) : NULL;
  g_autoptr (PGresult) tables = activity != NULL ? kt_sim_query (connection, NULL, tables_sql, NULL) : NULL;
  set_activity (database, activity, with_deadlocks);
  json_object_set_array_member (database, "tables", tables_of (tables, unsigned_rows));
  return database;
}
