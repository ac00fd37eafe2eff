/* SPDX-License-Identifier: MIT */
#include "cli/renderers.h"

#include "base/size.h"

#include <math.h>

/* A column of a table: the metric and how it is shown. */
typedef struct {
  const char *metric, *heading;
  int decimals; /* of a value; -1: three significant digits */
} Shown;

static const Shown counters[] = {
  { "wal_bytes_per_tx", "WAL B/tx", 0 },   { "full_page_images_per_tx", "images/tx", -1 },
  { "blocks_read_per_tx", "read/tx", -1 }, { "blocks_written_per_tx", "written/tx", -1 },
  { "cache_hit_percent", "hit %", 2 },     { "cpu_us_per_tx", "CPU us/tx", 0 },
};

static const Shown times[] = {
  { "commit_p50_ms", "p50 ms", 0 },
  { "commit_p95_ms", "p95 ms", 0 },
  { "commit_p99_ms", "p99 ms", 0 },
  { "recovery_ms", "recovery ms", 0 },
};

static char *
number (double value, int decimals)
{
  if (!isfinite (value))
    return g_strdup ("");
  if (decimals < 0)
    decimals = value >= 100 || value == 0 ? 0 : value >= 10 ? 1 : value >= 1 ? 2 : 3;
  return g_strdup_printf ("%.*f", decimals, value);
}

static double
mean_of (JsonObject *configuration, const char *metric)
{
  JsonObject *estimate = kt_json_object (kt_json_object (configuration, "summary"), metric);
  return estimate != NULL ? kt_json_double (estimate, "value", NAN) : NAN;
}

static JsonObject *
configuration_at (JsonObject *answer, guint i)
{
  return json_array_get_object_element (kt_json_array (answer, "configurations"), i);
}

static guint
n_configurations (JsonObject *answer)
{
  JsonArray *configurations = kt_json_array (answer, "configurations");
  return configurations != NULL ? json_array_get_length (configurations) : 0;
}

static gboolean
was_measured (JsonObject *configuration)
{
  JsonArray *runs = kt_json_array (configuration, "runs");
  return runs != NULL && json_array_get_length (runs) > 0;
}

static void
add_counters (JsonObject *answer, GString *out, guint width)
{
  static const KtColumn columns[] = {
    { "", KT_COLUMN_LEFT },           { "WAL B/tx", KT_COLUMN_RIGHT },   { "images/tx", KT_COLUMN_RIGHT },
    { "read/tx", KT_COLUMN_RIGHT },   { "written/tx", KT_COLUMN_RIGHT }, { "hit %", KT_COLUMN_RIGHT },
    { "CPU us/tx", KT_COLUMN_RIGHT },
  };
  g_autoptr (KtTable) table = kt_table_new (columns, G_N_ELEMENTS (columns));
  for (guint i = 0; i < n_configurations (answer); i++)
    {
      JsonObject *configuration = configuration_at (answer, i);
      g_autoptr (GPtrArray) cells = g_ptr_array_new_with_free_func (g_free);
      for (gsize k = 0; k < G_N_ELEMENTS (counters); k++)
        g_ptr_array_add (cells, number (mean_of (configuration, counters[k].metric), counters[k].decimals));
      if (was_measured (configuration))
        kt_table_add (table, kt_json_string (configuration, "name", "?"), cells->pdata[0], cells->pdata[1],
                      cells->pdata[2], cells->pdata[3], cells->pdata[4], cells->pdata[5]);
    }
  kt_table_print (table, out, width, 0);
}

/* "983-1,101", or nothing with one run. */
static char *
range (JsonObject *estimate, int decimals)
{
  if (estimate == NULL || !json_object_has_member (estimate, "low"))
    return g_strdup ("");
  g_autofree char *low = number (MAX (0, kt_json_double (estimate, "low", 0)), decimals);
  g_autofree char *high = number (kt_json_double (estimate, "high", 0), decimals);
  return g_strdup_printf ("%s-%s", low, high);
}

static void
add_rates (JsonObject *answer, GString *out, guint width)
{
  static const KtColumn columns[] = {
    { "", KT_COLUMN_LEFT },
    { "tx/s", KT_COLUMN_RIGHT },
    { "95 % interval", KT_COLUMN_RIGHT },
    { "x first", KT_COLUMN_RIGHT },
    { "95 % interval", KT_COLUMN_RIGHT },
    { "bound by", KT_COLUMN_LEFT },
    { "checkpoints", KT_COLUMN_RIGHT },
  };
  g_autoptr (KtTable) table = kt_table_new (columns, G_N_ELEMENTS (columns));
  for (guint i = 0; i < n_configurations (answer); i++)
    {
      JsonObject *configuration = configuration_at (answer, i);
      JsonObject *rate = kt_json_object (kt_json_object (configuration, "summary"), "transactions_per_s");
      JsonObject *ratio = kt_json_object (kt_json_object (configuration, "ratios"), "transactions_per_s");
      JsonArray *runs = kt_json_array (configuration, "runs");
      if (!was_measured (configuration))
        continue;
      JsonObject *last = json_array_get_object_element (runs, json_array_get_length (runs) - 1);
      g_autofree char *value = number (rate != NULL ? kt_json_double (rate, "value", NAN) : NAN, 0);
      g_autofree char *spread = range (rate, 0);
      gboolean counts = kt_json_bool (configuration, "counts", TRUE);
      g_autofree char *times_first = ratio != NULL ? number (kt_json_double (ratio, "value", NAN), 2)
                                                   : g_strdup (counts ? "" : "not counted");
      g_autofree char *times_spread = range (ratio, 2);
      g_autofree char *checkpoints = g_strdup_printf ("%" G_GINT64_FORMAT "%s", kt_json_int (last, "checkpoints", 0),
                                                      counts ? "" : " (!)");
      kt_table_add (table, kt_json_string (configuration, "name", "?"), value, spread, times_first, times_spread,
                    kt_json_string (kt_json_object (last, "bound"), "what", "?"), checkpoints);
    }
  kt_table_print (table, out, width, 0);
}

static void
add_times (JsonObject *answer, GString *out, guint width)
{
  static const KtColumn columns[] = {
    { "commits", KT_COLUMN_LEFT },  { "p50 ms", KT_COLUMN_RIGHT },      { "p95 ms", KT_COLUMN_RIGHT },
    { "p99 ms", KT_COLUMN_RIGHT },  { "recovery ms", KT_COLUMN_RIGHT }, { "tables", KT_COLUMN_RIGHT },
    { "indexes", KT_COLUMN_RIGHT },
  };
  g_autoptr (KtTable) table = kt_table_new (columns, G_N_ELEMENTS (columns));
  for (guint i = 0; i < n_configurations (answer); i++)
    {
      JsonObject *configuration = configuration_at (answer, i);
      JsonArray *runs = kt_json_array (configuration, "runs");
      g_autoptr (GPtrArray) cells = g_ptr_array_new_with_free_func (g_free);
      if (!was_measured (configuration))
        continue;
      JsonObject *last = json_array_get_object_element (runs, json_array_get_length (runs) - 1);
      for (gsize k = 0; k < G_N_ELEMENTS (times); k++)
        g_ptr_array_add (cells, number (mean_of (configuration, times[k].metric), times[k].decimals));
      g_autofree char *heap = kt_render_size_member (last, "table_bytes");
      g_autofree char *index = kt_render_size_member (last, "index_bytes");
      kt_table_add (table, kt_json_string (configuration, "name", "?"), cells->pdata[0], cells->pdata[1],
                    cells->pdata[2], cells->pdata[3], heap, index);
    }
  kt_table_print (table, out, width, 0);
}

/* What is surely different from the first (or from the baseline): one line of "WAL x 0.26". */
static char *
changes (JsonObject *answer, JsonObject *ratios)
{
  g_autoptr (GString) text = g_string_new (NULL);
  JsonArray *metrics = kt_json_array (answer, "metrics");
  guint open = 0;
  for (guint i = 0; metrics != NULL && i < json_array_get_length (metrics); i++)
    {
      JsonObject *metric = json_array_get_object_element (metrics, i);
      JsonObject *ratio = kt_json_object (ratios, kt_json_string (metric, "name", ""));
      const char *change = ratio != NULL ? kt_json_string (ratio, "change", "unknown") : "unknown";
      if (ratio == NULL)
        continue;
      open += g_str_equal (change, "none") || g_str_equal (change, "unknown");
      if (g_str_equal (change, "none") || g_str_equal (change, "unknown"))
        continue;
      gboolean better = g_str_equal (change, kt_json_string (metric, "better", ""));
      g_autofree char *value = number (kt_json_double (ratio, "value", NAN), 2);
      g_string_append_printf (text, "%s%s x %s%s", text->len > 0 ? ", " : "", kt_json_string (metric, "title", "?"),
                              value, better ? "" : " (worse)");
    }
  if (open > 0)
    g_string_append_printf (text, "%s%u figures without a difference that the intervals show",
                            text->len > 0 ? "; " : "", open);
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static void
add_changes (JsonObject *answer, GString *out, guint width)
{
  for (guint i = 1; i < n_configurations (answer); i++)
    {
      JsonObject *configuration = configuration_at (answer, i);
      g_autofree char *text = changes (answer, kt_json_object (configuration, "ratios"));
      if (was_measured (configuration) && *text != '\0')
        kt_render_line (out, width, "%s against %s: %s", kt_json_string (configuration, "name", "?"),
                        kt_json_string (configuration_at (answer, 0), "name", "?"), text);
    }
  JsonObject *baseline = kt_json_object (answer, "baseline");
  JsonArray *then = baseline != NULL ? kt_json_array (baseline, "configurations") : NULL;
  for (guint i = 0; then != NULL && i < json_array_get_length (then); i++)
    {
      JsonObject *configuration = json_array_get_object_element (then, i);
      g_autofree char *text = changes (answer, kt_json_object (configuration, "ratios"));
      kt_render_line (out, width, "%s against result %" G_GINT64_FORMAT ": %s",
                      kt_json_string (configuration, "name", "?"), kt_json_int (baseline, "id", 0),
                      *text != '\0' ? text : "nothing to compare");
    }
}

static void
add_bounds (JsonObject *answer, GString *out, guint width)
{
  for (guint i = 0; i < n_configurations (answer); i++)
    {
      JsonObject *configuration = configuration_at (answer, i);
      const char *name = kt_json_string (configuration, "name", "?");
      JsonArray *runs = kt_json_array (configuration, "runs");
      if (kt_json_string (configuration, "problem", NULL) != NULL)
        kt_render_line (out, width, "%s: %s", name, kt_json_string (configuration, "problem", ""));
      if (!was_measured (configuration))
        continue;
      JsonObject *last = json_array_get_object_element (runs, json_array_get_length (runs) - 1);
      kt_render_line (out, width, "%s: bound by %s", name,
                      kt_json_string (kt_json_object (last, "bound"), "sentence", "?"));
      for (guint k = 0; k < json_array_get_length (runs); k++)
        {
          JsonObject *run = json_array_get_object_element (runs, k);
          if (!kt_json_bool (run, "counts", TRUE))
            kt_render_line (out, width, "%s, round %" G_GINT64_FORMAT ", not counted: %s", name,
                            kt_json_int (run, "round", 0), kt_json_string (run, "why_not", ""));
        }
    }
}

/* What was not as asked for: settings that the server does not know, and less work than the others did. */
static void
add_remarks (JsonObject *answer, GString *out, guint width)
{
  gint64 wanted = kt_json_int (answer, "transactions_wanted", 0);
  for (guint i = 0; i < n_configurations (answer); i++)
    {
      JsonObject *configuration = configuration_at (answer, i);
      const char *name = kt_json_string (configuration, "name", "?");
      JsonArray *left_out = kt_json_array (configuration, "left_out");
      for (guint k = 0; left_out != NULL && k < json_array_get_length (left_out); k++)
        kt_render_line (out, width, "%s: left out: %s", name, json_array_get_string_element (left_out, k));
      if (!was_measured (configuration))
        continue;
      JsonArray *runs = kt_json_array (configuration, "runs");
      gint64 stored = kt_json_int (json_array_get_object_element (runs, json_array_get_length (runs) - 1),
                                   "transactions", 0);
      if (stored < wanted)
        kt_render_line (out, width, "%s stored %" G_GINT64_FORMAT " of the %" G_GINT64_FORMAT " transactions in the"
                        " time: its database grew less, which is in its favour", name, stored, wanted);
    }
}

static void
add_title (JsonObject *answer, GString *out, guint width)
{
  JsonObject *set = kt_json_object (answer, "data_set");
  g_autofree char *bytes = set != NULL ? kt_render_size_member (set, "bytes") : NULL;
  g_autofree char *data = set != NULL ? g_strdup_printf ("; %" G_GINT64_FORMAT " transactions, %s",
                                                         kt_json_int (set, "transactions", 0), bytes)
                                      : g_strdup ("");
  kt_render_line (out, width, "result %" G_GINT64_FORMAT ": %s", kt_json_int (answer, "id", 0),
                  kt_json_string (answer, "title", ""));
  kt_render_line (out, width, "PostgreSQL %s%s; %" G_GINT64_FORMAT " rounds in turn; the steady part of each run",
                  kt_json_string (answer, "postgresql", "?"), data, kt_json_int (answer, "rounds", 0));
  if (json_object_has_member (answer, "checkpoints_wanted") && kt_json_int (answer, "checkpoints_wanted", 0) == 0)
    kt_render_line (out, width, "No whole checkpoint cycles were asked for: a large max_wal_size looks free here.");
  if (g_str_equal (kt_json_string (answer, "state", "complete"), "unfinished"))
    kt_render_line (out, width, "Unfinished. Go on with: kastune bench compare --resume %" G_GINT64_FORMAT,
                    kt_json_int (answer, "id", 0));
}

void
kt_render_bench (JsonObject *answer, GString *out, guint width)
{
  if (g_str_equal (kt_json_string (answer, "kind", ""), "tune"))
    {
      kt_render_bench_tune (answer, out, width);
      return;
    }
  add_title (answer, out, width);
  g_string_append_c (out, '\n');
  add_counters (answer, out, width);
  g_string_append_c (out, '\n');
  add_rates (answer, out, width);
  g_string_append_c (out, '\n');
  add_times (answer, out, width);
  g_string_append_c (out, '\n');
  add_changes (answer, out, width);
  add_bounds (answer, out, width);
  add_remarks (answer, out, width);
  JsonArray *notes = kt_json_array (answer, "notes");
  for (guint i = 0; notes != NULL && i < json_array_get_length (notes); i++)
    kt_render_line (out, width, "note: %s", json_array_get_string_element (notes, i));
  if (kt_json_string (answer, "html", NULL) != NULL)
    kt_render_line (out, width, "report: %s", kt_json_string (answer, "html", ""));
}

void
kt_render_bench_list (JsonObject *answer, GString *out, guint width)
{
  static const KtColumn columns[] = {
    { "result", KT_COLUMN_RIGHT }, { "taken", KT_COLUMN_LEFT }, { "what", KT_COLUMN_LEFT }, { "of", KT_COLUMN_WRAP }
  };
  JsonArray *results = kt_json_array (answer, "results");
  g_autoptr (KtTable) table = kt_table_new (columns, G_N_ELEMENTS (columns));
  if (json_array_get_length (results) == 0)
    {
      g_string_append (out, "Nothing was measured yet; kastune bench compare does.\n");
      return;
    }
  for (guint i = 0; i < json_array_get_length (results); i++)
    {
      JsonObject *result = json_array_get_object_element (results, i);
      g_autoptr (GDateTime) time = g_date_time_new_from_unix_local (kt_json_int (result, "taken_at", 0));
      g_autofree char *taken = g_date_time_format (time, "%Y-%m-%d %H:%M");
      g_autofree char *id = g_strdup_printf ("%" G_GINT64_FORMAT, kt_json_int (result, "id", 0));
      gboolean complete = g_str_equal (kt_json_string (result, "state", "complete"), "complete");
      g_autofree char *what = g_strdup_printf ("%s%s", kt_json_string (result, "kind", ""),
                                               complete ? "" : ", unfinished");
      kt_table_add (table, id, taken, what, kt_json_string (result, "title", ""));
    }
  kt_table_print (table, out, width, 0);
}
