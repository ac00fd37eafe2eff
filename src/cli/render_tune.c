/* SPDX-License-Identifier: MIT
 *
 * Measured tuning, and what an indexer needs.
 */
#include "cli/renderers.h"

#include "base/size.h"

/* "1.18", "1.11-1.25", "5"; empty where there is none. */
static void
ratio_words (JsonObject *ratio, char **value, char **interval, char **rounds)
{
  *value = ratio != NULL ? g_strdup_printf ("%.2f", kt_json_double (ratio, "value", 0)) : g_strdup ("");
  *interval = ratio != NULL && json_object_has_member (ratio, "low")
                ? g_strdup_printf ("%.2f-%.2f", kt_json_double (ratio, "low", 0), kt_json_double (ratio, "high", 0))
                : g_strdup ("");
  *rounds = ratio != NULL ? g_strdup_printf ("%" G_GINT64_FORMAT, kt_json_int (ratio, "n", 0)) : g_strdup ("0");
}

static void
add_tried (JsonObject *answer, GString *out, guint width)
{
  static const KtColumn columns[] = {
    { "", KT_COLUMN_LEFT },
    { "x advice", KT_COLUMN_RIGHT },
    { "95 % interval", KT_COLUMN_RIGHT },
    { "rounds", KT_COLUMN_RIGHT },
    { "instead of the advice", KT_COLUMN_WRAP },
  };
  JsonArray *tried = kt_json_array (answer, "tried");
  g_autoptr (KtTable) table = kt_table_new (columns, G_N_ELEMENTS (columns));
  for (guint i = 0; tried != NULL && i < json_array_get_length (tried); i++)
    {
      JsonObject *one = json_array_get_object_element (tried, i);
      g_autofree char *value = NULL, *interval = NULL, *rounds = NULL;
      ratio_words (kt_json_object (one, "ratio"), &value, &interval, &rounds);
      kt_table_add (table, kt_json_bool (one, "chosen", FALSE) ? "*" : "", value, interval, rounds,
                    kt_json_string (one, "name", "?"));
    }
  kt_table_print (table, out, width, 0);
}

static void
add_problems (JsonObject *answer, GString *out, guint width)
{
  JsonArray *tried = kt_json_array (answer, "tried"), *notes = kt_json_array (answer, "notes");
  for (guint i = 0; tried != NULL && i < json_array_get_length (tried); i++)
    {
      JsonObject *one = json_array_get_object_element (tried, i);
      if (kt_json_string (one, "problem", NULL) != NULL)
        kt_render_line (out, width, "%s: %s", kt_json_string (one, "name", "?"), kt_json_string (one, "problem", ""));
    }
  for (guint i = 0; notes != NULL && i < json_array_get_length (notes); i++)
    kt_render_line (out, width, "note: %s", json_array_get_string_element (notes, i));
}

void
kt_render_bench_tune (JsonObject *answer, GString *out, guint width)
{
  kt_render_line (out, width, "result %" G_GINT64_FORMAT ": %s; PostgreSQL %s; rates against the advice, in the same round",
                  kt_json_int (answer, "id", 0), kt_json_string (answer, "title", ""),
                  kt_json_string (answer, "postgresql", "?"));
  g_string_append_c (out, '\n');
  add_tried (answer, out, width);
  g_string_append_c (out, '\n');
  if (kt_json_string (answer, "verdict", NULL) == NULL)
    kt_render_line (out, width, "Unfinished. Go on with: kastune bench tune --resume %" G_GINT64_FORMAT,
                    kt_json_int (answer, "id", 0));
  else if (!kt_json_bool (answer, "better", FALSE))
    kt_render_line (out, width, "Nothing was shown to be better than the advice: no profile.");
  else
    kt_render_line (out, width, "Better than the advice, as the final rounds show: %s",
                    kt_json_string (answer, "verdict", "?"));
  add_problems (answer, out, width);
  if (kt_json_string (answer, "profile_file", NULL) != NULL)
    kt_render_line (out, width, "Profile: %s. Look at it with kastune profile check, use it with --profile.",
                    kt_json_string (answer, "profile_file", ""));
  else if (kt_json_string (answer, "profile_text", NULL) != NULL)
    g_string_append_printf (out, "\n%s", kt_json_string (answer, "profile_text", ""));
}

/* ---- bench size ---- */

static void
add_needs (JsonObject *answer, GString *out, guint width)
{
  static const KtColumn columns[] = {
    { "table", KT_COLUMN_LEFT },     { "rows/day", KT_COLUMN_RIGHT }, { "B/row + idx", KT_COLUMN_RIGHT },
    { "disk/day", KT_COLUMN_RIGHT }, { "WAL/day", KT_COLUMN_RIGHT },  { "random keys", KT_COLUMN_RIGHT },
  };
  JsonArray *tables = kt_json_array (answer, "tables");
  g_autoptr (KtTable) table = kt_table_new (columns, G_N_ELEMENTS (columns));
  for (guint i = 0; i < json_array_get_length (tables); i++)
    {
      JsonObject *one = json_array_get_object_element (tables, i);
      g_autofree char *rows = g_strdup_printf ("%.2f M", kt_json_double (one, "rows_per_day", 0) / 1e6);
      g_autofree char *row = g_strdup_printf ("%" G_GINT64_FORMAT " + %" G_GINT64_FORMAT,
                                              kt_json_int (one, "heap_bytes_per_row", 0),
                                              kt_json_int (one, "index_bytes_per_row", 0));
      g_autofree char *disk = kt_render_size_member (one, "disk_bytes_per_day");
      g_autofree char *wal = kt_render_size_member (one, "wal_bytes_per_day");
      g_autofree char *hot = kt_render_size_member (one, "hot_bytes");
      kt_table_add (table, kt_json_string (one, "name", "?"), rows, row, disk, wal, hot);
    }
  kt_table_print (table, out, width, 0);
}

static void
add_need (GString *out, guint width, JsonObject *answer, const char *member, const char *before, const char *after)
{
  g_autofree char *size = kt_render_size_member (answer, member);
  if (json_object_has_member (answer, member))
    kt_render_line (out, width, "%s %s %s", before, size, after);
}

void
kt_render_bench_size (JsonObject *answer, GString *out, guint width)
{
  gint64 retention = kt_json_int (answer, "retention_ms", 0);
  g_autofree char *kept = retention > 0 ? kt_duration_format (retention) : g_strdup ("everything");
  g_autofree char *checkpoint = kt_duration_format (kt_json_int (answer, "checkpoint_ms", 0));
  g_autofree char *images = kt_render_size_member (answer, "image_bytes_per_day");
  g_autofree char *hot = kt_render_size_member (answer, "hot_bytes");
  kt_render_line (out, width, "%.0f transactions a second, %s kept", kt_json_double (answer, "transactions_per_s", 0),
                  kept);
  g_string_append_c (out, '\n');
  add_needs (answer, out, width);
  g_string_append_c (out, '\n');
  add_need (out, width, answer, "disk_bytes_per_day", "disk:", "a day of history");
  add_need (out, width, answer, "index_bytes_per_day", "indexes:", "of these");
  add_need (out, width, answer, "disk_bytes", "disk at this retention:",
            "before what pruning leaves unused until vacuum has passed");
  add_need (out, width, answer, "wal_bytes_per_day", "WAL:", "a day");
  kt_render_line (out, width, "page images: up to %s a day in the WAL, with a checkpoint every %s", images, checkpoint);
  kt_render_line (out, width, "indexes with random keys: %s %s; what of them does not fit in memory is read from the disk,"
                  " a page a row", hot, retention > 0 ? "at this retention" : "after a year");
  add_need (out, width, answer, "memory_bytes", "memory: a machine with", "holds them in half of it");
  JsonArray *sources = kt_json_array (answer, "sources");
  for (guint i = 0; i < json_array_get_length (sources); i++)
    kt_render_line (out, width, "source: %s", json_array_get_string_element (sources, i));
}
