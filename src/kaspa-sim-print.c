/* SPDX-License-Identifier: MIT
 *
 * Results of fill, run, read and check, as text and as JSON.
 */
#include "kaspa-sim.h"

#include "base/json.h"
#include "base/size.h"
#include "base/table.h"

#include <stdio.h>

static void
print_json (JsonObject *object)
{
  g_autoptr (JsonNode) node = kt_json_node_take (object);
  g_autofree char *text = kt_json_to_text (node);
  fputs (text, stdout);
}

static double
per_second (guint64 count, gint64 elapsed_ms)
{
  return elapsed_ms > 0 ? (double) count * 1000 / (double) elapsed_ms : 0;
}

void
kt_sim_print_fill (const KtFillResult *result, gboolean json)
{
  guint64 fresh = result->transactions - result->resumed;
  if (json)
    {
      JsonObject *object = json_object_new ();
      json_object_set_int_member (object, "transactions", (gint64) result->transactions);
      json_object_set_int_member (object, "blocks", (gint64) result->blocks);
      json_object_set_int_member (object, "resumed_transactions", (gint64) result->resumed);
      json_object_set_int_member (object, "rows_ms", result->rows_ms);
      json_object_set_int_member (object, "indexes_ms", result->indexes_ms);
      json_object_set_int_member (object, "vacuum_ms", result->vacuum_ms);
      json_object_set_double_member (object, "rows_per_s", per_second (fresh, result->rows_ms));
      json_object_set_int_member (object, "size_bytes", result->size_bytes);
      print_json (object);
      return;
    }
  g_autofree char *size = kt_size_format (result->size_bytes);
  if (fresh == 0 && result->rows_ms + result->indexes_ms + result->vacuum_ms == 0)
    {
      printf ("The database is complete already: %" G_GUINT64_FORMAT " transactions in %" G_GUINT64_FORMAT
              " blocks, %s.\n",
              result->transactions, result->blocks, size);
      return;
    }
  g_autofree char *rows = kt_duration_format (result->rows_ms);
  g_autofree char *indexes = kt_duration_format (result->indexes_ms);
  g_autofree char *vacuum = kt_duration_format (result->vacuum_ms);
  printf ("%" G_GUINT64_FORMAT " transactions in %" G_GUINT64_FORMAT " blocks, %s with indexes.\n",
          result->transactions, result->blocks, size);
  printf ("Rows %s (%.0f transactions/s), indexes %s, vacuum %s.\n", rows, per_second (fresh, result->rows_ms), indexes,
          vacuum);
}

static double
to_ms (gint64 us)
{
  return (double) us / 1000;
}

static JsonObject *
json_of_counts (const KtSessionCounts *counts)
{
  JsonObject *object = json_object_new ();
  json_object_set_int_member (object, "commits", (gint64) counts->commits.total);
  json_object_set_int_member (object, "statements", (gint64) counts->statements);
  json_object_set_int_member (object, "rows", (gint64) counts->rows);
  json_object_set_int_member (object, "prepared", (gint64) counts->prepared);
  json_object_set_int_member (object, "retries", (gint64) counts->retries);
  json_object_set_double_member (object, "commit_p50_ms", to_ms (kt_histogram_quantile (&counts->commits, 0.50)));
  json_object_set_double_member (object, "commit_p95_ms", to_ms (kt_histogram_quantile (&counts->commits, 0.95)));
  json_object_set_double_member (object, "commit_p99_ms", to_ms (kt_histogram_quantile (&counts->commits, 0.99)));
  json_object_set_double_member (object, "commit_max_ms", to_ms (counts->commits.max_us));
  json_object_set_double_member (object, "commit_mean_ms", kt_histogram_mean_us (&counts->commits) / 1000);
  return object;
}

/* What the server did not tell is left out. */
static void
set_known (JsonObject *object, const char *name, gint64 value)
{
  if (value >= 0)
    json_object_set_int_member (object, name, value);
}

static double
hit_ratio (const KtServerCounts *server)
{
  gint64 all = server->blocks_hit + server->blocks_read;
  return server->blocks_hit < 0 || server->blocks_read < 0 || all == 0 ? -1 : (double)server->blocks_hit / (double)all;
}

static JsonObject *
json_of_reads (const KtReadCounts *counts)
{
  JsonObject *object = json_object_new ();
  json_object_set_int_member (object, "requests", (gint64) counts->latency.total);
  json_object_set_int_member (object, "empty", (gint64) counts->empty);
  json_object_set_int_member (object, "statements", (gint64) counts->statements);
  json_object_set_int_member (object, "rows", (gint64) counts->rows);
  json_object_set_double_member (object, "p50_ms", to_ms (kt_histogram_quantile (&counts->latency, 0.50)));
  json_object_set_double_member (object, "p95_ms", to_ms (kt_histogram_quantile (&counts->latency, 0.95)));
  json_object_set_double_member (object, "p99_ms", to_ms (kt_histogram_quantile (&counts->latency, 0.99)));
  json_object_set_double_member (object, "max_ms", to_ms (counts->latency.max_us));
  json_object_set_double_member (object, "mean_ms", kt_histogram_mean_us (&counts->latency) / 1000);
  return object;
}

static JsonObject *
json_of_read (const KtReadResult *result)
{
  JsonObject *object = json_object_new (), *queries = json_object_new ();
  json_object_set_int_member (object, "elapsed_ms", result->elapsed_ms);
  json_object_set_double_member (object, "requests_per_s", per_second (result->all.latency.total, result->elapsed_ms));
  json_object_set_int_member (object, "connections", result->connections);
  json_object_set_int_member (object, "late", (gint64) result->late);
  json_object_set_object_member (object, "total", json_of_reads (&result->all));
  for (guint i = 0; i < KT_N_READ_QUERIES; i++)
    json_object_set_object_member (queries, kt_read_queries[i].name, json_of_reads (&result->queries[i]));
  json_object_set_object_member (object, "queries", queries);
  return object;
}

static void
print_run_json (const KtWriterResult *result, const KtReadResult *reads)
{
  const KtServerCounts *server = &result->server;
  JsonObject *object = json_object_new (), *streams = json_object_new (), *counters = json_object_new ();
  json_object_set_int_member (object, "first_block", (gint64) result->first_block);
  json_object_set_int_member (object, "blocks", (gint64) result->blocks);
  json_object_set_int_member (object, "transactions", (gint64) result->transactions);
  json_object_set_int_member (object, "elapsed_ms", result->elapsed_ms);
  json_object_set_double_member (object, "transactions_per_s", per_second (result->transactions, result->elapsed_ms));
  json_object_set_double_member (object, "blocks_per_s", per_second (result->blocks, result->elapsed_ms));
  json_object_set_int_member (object, "rounds", (gint64) result->rounds);
  json_object_set_int_member (object, "reorgs", (gint64) result->reorgs);
  json_object_set_int_member (object, "connections", result->connections);
  json_object_set_double_member (object, "own_cpu_s", result->own_cpu_s);
  json_object_set_boolean_member (object, "interrupted", result->interrupted);
  json_object_set_object_member (object, "total", json_of_counts (&result->all));
  json_object_set_object_member (streams, "blocks", json_of_counts (&result->blocks_stream));
  json_object_set_object_member (streams, "acceptances", json_of_counts (&result->acceptances_stream));
  json_object_set_object_member (streams, "transactions", json_of_counts (&result->transactions_stream));
  json_object_set_object_member (streams, "mapping", json_of_counts (&result->mapping_stream));
  json_object_set_object_member (streams, "block_path", json_of_counts (&result->block_path_stream));
  json_object_set_object_member (object, "streams", streams);
  set_known (counters, "wal_bytes", server->wal_bytes);
  set_known (counters, "wal_full_page_images", server->wal_full_page_images);
  set_known (counters, "wal_records", server->wal_records);
  set_known (counters, "blocks_hit", server->blocks_hit);
  set_known (counters, "blocks_read", server->blocks_read);
  set_known (counters, "transactions_committed", server->transactions_committed);
  set_known (counters, "deadlocks", server->deadlocks);
  set_known (counters, "checkpoints", server->checkpoints);
  if (hit_ratio (server) >= 0)
    json_object_set_double_member (counters, "hit_ratio", hit_ratio (server));
  json_object_set_object_member (object, "server", counters);
  if (reads != NULL)
    json_object_set_object_member (object, "reads", json_of_read (reads));
  print_json (object);
}

static void
add_latency (KtTable *table, const char *name, const KtSessionCounts *counts)
{
  static const double quantiles[] = { 0.50, 0.95, 0.99, 1.0 };
  g_autofree char *commits = g_strdup_printf ("%" G_GUINT64_FORMAT, counts->commits.total);
  g_autoptr (GPtrArray) texts = g_ptr_array_new_with_free_func (g_free);
  for (gsize i = 0; i < G_N_ELEMENTS (quantiles); i++)
    g_ptr_array_add (texts, g_strdup_printf ("%.1f", to_ms (kt_histogram_quantile (&counts->commits, quantiles[i]))));
  kt_table_add (table, name, commits, texts->pdata[0], texts->pdata[1], texts->pdata[2], texts->pdata[3]);
}

static void
print_latencies (const KtWriterResult *result)
{
  static const KtColumn columns[] = {
    { "commits of", KT_COLUMN_LEFT }, { "number", KT_COLUMN_RIGHT }, { "p50 ms", KT_COLUMN_RIGHT },
    { "p95 ms", KT_COLUMN_RIGHT },    { "p99 ms", KT_COLUMN_RIGHT }, { "max ms", KT_COLUMN_RIGHT },
  };
  g_autoptr (KtTable) table = kt_table_new (columns, G_N_ELEMENTS (columns));
  GString *text = g_string_new (NULL);
  add_latency (table, "all", &result->all);
  add_latency (table, "blocks", &result->blocks_stream);
  add_latency (table, "acceptances", &result->acceptances_stream);
  add_latency (table, "transactions", &result->transactions_stream);
  add_latency (table, "mapping", &result->mapping_stream);
  add_latency (table, "block path", &result->block_path_stream);
  kt_table_print (table, text, 0, 2);
  fputs (text->str, stdout);
  g_string_free (text, TRUE);
}

static void
add_reads (KtTable *table, const char *name, const KtReadCounts *counts)
{
  static const double quantiles[] = { 0.50, 0.95, 0.99, 1.0 };
  g_autofree char *requests = g_strdup_printf ("%" G_GUINT64_FORMAT, counts->latency.total);
  g_autofree char *empty = g_strdup_printf ("%" G_GUINT64_FORMAT, counts->empty);
  g_autofree char *rows = g_strdup_printf ("%" G_GUINT64_FORMAT, counts->rows);
  g_autoptr (GPtrArray) texts = g_ptr_array_new_with_free_func (g_free);
  for (gsize i = 0; i < G_N_ELEMENTS (quantiles); i++)
    g_ptr_array_add (texts, g_strdup_printf ("%.1f", to_ms (kt_histogram_quantile (&counts->latency, quantiles[i]))));
  kt_table_add (table, name, requests, empty, rows, texts->pdata[0], texts->pdata[1], texts->pdata[2], texts->pdata[3]);
}

static void
print_read_text (const KtReadResult *result)
{
  static const KtColumn columns[] = {
    { "request", KT_COLUMN_LEFT }, { "number", KT_COLUMN_RIGHT }, { "empty", KT_COLUMN_RIGHT },
    { "rows", KT_COLUMN_RIGHT },   { "p50 ms", KT_COLUMN_RIGHT }, { "p95 ms", KT_COLUMN_RIGHT },
    { "p99 ms", KT_COLUMN_RIGHT }, { "max ms", KT_COLUMN_RIGHT },
  };
  g_autoptr (KtTable) table = kt_table_new (columns, G_N_ELEMENTS (columns));
  g_autoptr (GString) text = g_string_new (NULL);
  g_autofree char *elapsed = kt_duration_format (result->elapsed_ms);
  printf ("%" G_GUINT64_FORMAT " requests in %s: %.0f/s over %u connections, %" G_GUINT64_FORMAT " late\n",
          result->all.latency.total, elapsed, per_second (result->all.latency.total, result->elapsed_ms),
          result->connections, result->late);
  add_reads (table, "all", &result->all);
  for (guint i = 0; i < KT_N_READ_QUERIES; i++)
    add_reads (table, kt_read_queries[i].name, &result->queries[i]);
  kt_table_print (table, text, 0, 2);
  fputs (text->str, stdout);
}

void
kt_sim_print_read (const KtReadResult *result, gboolean json)
{
  if (json)
    print_json (json_of_read (result));
  else
    print_read_text (result);
}

void
kt_sim_print_run (const KtWriterResult *result, const KtReadResult *reads, gboolean json)
{
  const KtServerCounts *server = &result->server;
  if (json)
    {
      print_run_json (result, reads);
      return;
    }
  g_autofree char *elapsed = kt_duration_format (result->elapsed_ms);
  printf ("%" G_GUINT64_FORMAT " blocks with %" G_GUINT64_FORMAT
          " transactions in %s: %.0f transactions/s, %.0f blocks/s%s\n",
          result->blocks, result->transactions, elapsed, per_second (result->transactions, result->elapsed_ms),
          per_second (result->blocks, result->elapsed_ms), result->interrupted ? " (stopped)" : "");
  printf ("  %" G_GUINT64_FORMAT " rounds, %" G_GUINT64_FORMAT " reorgs, %" G_GUINT64_FORMAT
          " retries, %u connections, own CPU %.1f s\n",
          result->rounds, result->reorgs, result->all.retries, result->connections, result->own_cpu_s);
  if (server->wal_bytes >= 0 && result->transactions > 0)
    {
      g_autofree char *wal = kt_size_format (server->wal_bytes);
      printf ("  WAL %s, %.1f kB a transaction", wal, (double)server->wal_bytes / 1024 / (double)result->transactions);
      if (server->wal_full_page_images >= 0)
        printf (", %" G_GINT64_FORMAT " full-page images", server->wal_full_page_images);
      fputs ("\n", stdout);
    }
  if (hit_ratio (server) >= 0)
    printf ("  blocks: %" G_GINT64_FORMAT " hit, %" G_GINT64_FORMAT " read, hit ratio %.2f %%\n", server->blocks_hit,
            server->blocks_read, 100 * hit_ratio (server));
  print_latencies (result);
  if (reads != NULL)
    print_read_text (reads);
}

static void
print_check_json (const KtSimCheck *check)
{
  JsonObject *object = json_object_new ();
  JsonArray *tables = json_array_new ();
  json_object_set_boolean_member (object, "exact", check->exact);
  json_object_set_array_member (object, "tables", tables);
  for (guint i = 0; i < check->n_rows; i++)
    {
      const KtSimCheckRow *row = &check->rows[i];
      JsonObject *table = json_object_new ();
      json_object_set_string_member (table, "name", kt_table_name (row->table));
      json_object_set_int_member (table, "rows", (gint64) row->rows);
      json_object_set_int_member (table, "wanted", (gint64) row->wanted);
      json_object_set_int_member (table, "foreign", (gint64) row->foreign);
      json_array_add_object_element (tables, table);
    }
  print_json (object);
}

void
kt_sim_print_check (const KtSimCheck *check, gboolean json)
{
  if (json)
    {
      print_check_json (check);
      return;
    }
  for (guint i = 0; i < check->n_rows; i++)
    {
      const KtSimCheckRow *row = &check->rows[i];
      printf ("%s: %" G_GUINT64_FORMAT " rows", kt_table_name (row->table), row->rows);
      if (row->rows != row->wanted)
        printf (" instead of %" G_GUINT64_FORMAT, row->wanted);
      if (row->foreign > 0)
        printf (", %" G_GUINT64_FORMAT " of them foreign", row->foreign);
      putchar ('\n');
    }
  puts (check->exact ? "Exactly what was written." : "NOT what was written.");
}
