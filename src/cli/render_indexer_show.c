/* SPDX-License-Identifier: MIT */
#include "cli/renderers.h"

#include "base/size.h"

/* One line of what is known, "  node       kaspad 1.1.0, mainnet". */
static void
row (GString *out, guint width, const char *name, const char *text)
{
  if (text == NULL || *text == '\0')
    return;
  g_autofree char *line = g_strdup_printf ("%-10s %s", name, text);
  kt_text_wrap (out, line, width, 2);
}

static void
append (GString *text, const char *format, ...) G_GNUC_PRINTF (2, 3);

static void
append (GString *text, const char *format, ...)
{
  va_list args;
  va_start (args, format);
  g_string_append (text, text->len > 0 ? ", " : "");
  g_string_append_vprintf (text, format, args);
  va_end (args);
}

static void
render_release (JsonObject *indexer, GString *out, guint width)
{
  JsonArray *versions = kt_json_array (indexer, "versions");
  g_autoptr (GString) text = g_string_new (NULL);
  for (guint i = 0; i < json_array_get_length (versions); i++)
    {
      JsonObject *version = json_array_get_object_element (versions, i);
      append (text, "%s (%s)", kt_json_string (version, "value", ""), kt_json_string (version, "source", ""));
    }
  row (out, width, "release", text->str);
}

static void
render_place (JsonObject *indexer, GString *out, guint width)
{
  g_autoptr (GString) text = g_string_new (kt_json_string (indexer, "place", ""));
  const char *image = kt_json_string (indexer, "image", NULL), *state = kt_json_string (indexer, "state", NULL);
  gint64 memory = kt_json_int (indexer, "memory_limit_bytes", 0);
  if (image != NULL)
    append (text, "image %s", image);
  append (text, "%s", state != NULL ? state : kt_json_bool (indexer, "runs", FALSE) ? "running" : "not running");
  if (kt_json_int (indexer, "restarts", 0) > 0)
    append (text, "started again %" G_GINT64_FORMAT " times", kt_json_int (indexer, "restarts", 0));
  if (memory > 0)
    {
      g_autofree char *size = kt_size_format (memory);
      append (text, "at most %s of memory", size);
    }
  row (out, width, "place", text->str);
}

static void
render_settings (JsonObject *indexer, GString *out, guint width)
{
  JsonObject *settings = kt_json_object (indexer, "settings");
  if (settings == NULL || !json_object_has_member (settings, "source"))
    return;
  const char *cron = kt_json_string (settings, "prune_cron", NULL), *retention = kt_json_string (settings, "retention", NULL);
  row (out, width, "disables", kt_json_string (settings, "disable", NULL));
  row (out, width, "excludes", kt_json_string (settings, "exclude_fields", NULL));
  row (out, width, "mapping", kt_json_string (settings, "mapping", NULL));
  g_autofree char *pruning = cron != NULL ? g_strdup_printf ("at %s (UTC), keeps %s", cron, retention != NULL ? retention : "what has no retention of its own") : NULL;
  row (out, width, "prunes", pruning != NULL ? pruning : "never");
}

static void
render_state (JsonObject *indexer, GString *out, guint width)
{
  g_autoptr (GString) text = g_string_new (kt_json_string (indexer, "status", ""));
  gint64 lag = kt_json_int (indexer, "lag_s", -1);
  const char *node = kt_json_string (indexer, "node_version", NULL), *network = kt_json_string (indexer, "network", NULL);
  if (lag >= 0)
    append (text, "%" G_GINT64_FORMAT " s behind the node", lag);
  if (node != NULL)
    append (text, "kaspad %s", node);
  if (network != NULL)
    append (text, "%s%s", network, kt_json_bool (indexer, "node_synced", TRUE) ? "" : ", not synchronised");
  row (out, width, "state", text->str);
}

static void
render_indexer (JsonObject *indexer, GString *out, guint width)
{
  const char *release = kt_json_string (indexer, "release", NULL);
  gint64 schema = kt_json_int (indexer, "schema", 0);
  g_string_append_printf (out, "%s%s%s", kt_json_string (indexer, "kind", ""), release != NULL ? " " : "", release != NULL ? release : "");
  if (schema > 0)
    g_string_append_printf (out, ", schema %" G_GINT64_FORMAT, schema);
  g_string_append_c (out, '\n');
  render_place (indexer, out, width);
  render_release (indexer, out, width);
  row (out, width, "service", kt_json_string (indexer, "service", NULL));
  render_settings (indexer, out, width);
  render_state (indexer, out, width);
  g_string_append_c (out, '\n');
}

static void
render_database (JsonObject *database, GString *out, guint width)
{
  gint64 stamp = kt_json_int (database, "schema_version", 0);
  double rate = kt_json_double (database, "transactions_per_s", -1);
  g_autoptr (GString) text = g_string_new (NULL);
  g_string_append_printf (out, "Database %s\n", kt_json_string (database, "name", ""));
  if (stamp > 0)
    append (text, "schema %" G_GINT64_FORMAT, stamp);
  else
    append (text, "no schema of an indexer");
  append (text, "histories in %s", kt_json_string (database, "mapping", "none"));
  if (rate >= 0)
    append (text, "%.0f transactions a second at its newest", rate);
  if (kt_json_bool (database, "k_indexer", FALSE))
    append (text, "tables of K-indexer");
  if (kt_json_bool (database, "migrating", FALSE))
    append (text, "a migration is at work");
  g_string_append_printf (text, "\n");
  kt_text_wrap (out, text->str, width, 2);
}

void
kt_render_indexer_show (JsonObject *answer, GString *out, guint width)
{
  JsonArray *indexers = kt_json_array (answer, "indexers"), *notes = kt_json_array (answer, "notes");
  for (guint i = 0; i < json_array_get_length (indexers); i++)
    render_indexer (json_array_get_object_element (indexers, i), out, width);
  if (json_array_get_length (indexers) == 0)
    kt_render_line (out, width, "No indexer was found on this machine.");
  if (kt_json_object (answer, "database") != NULL)
    render_database (kt_json_object (answer, "database"), out, width);
  for (guint i = 0; i < json_array_get_length (notes); i++)
    kt_render_line (out, width, "Note: %s.", json_array_get_string_element (notes, i));
  g_string_append_c (out, '\n');
  kt_render_findings (answer, out, width);
}

static void
render_words (JsonObject *answer, const char *name, GString *out)
{
  JsonArray *words = kt_json_array (answer, name);
  for (guint i = 0; words != NULL && i < json_array_get_length (words); i++)
    g_string_append_printf (out, "    %s\n", json_array_get_string_element (words, i));
}

static void
render_cost (JsonObject *answer, GString *out, guint width)
{
  JsonObject *before = kt_json_object (answer, "before"), *after = kt_json_object (answer, "after");
  g_autofree char *old_disk = kt_size_format ((gint64) kt_json_double (before, "disk_bytes_per_day", 0));
  g_autofree char *new_disk = kt_size_format ((gint64) kt_json_double (after, "disk_bytes_per_day", 0));
  kt_render_line (out, width, "At %g transactions a second: %s of disk a day instead of %s, %.0f bytes of WAL a transaction instead of %.0f (as schema 23 stores it).",
                  kt_json_double (answer, "transactions_per_s", 0), new_disk, old_disk, kt_json_double (after, "wal_bytes_per_transaction", 0),
                  kt_json_double (before, "wal_bytes_per_transaction", 0));
  kt_render_line (out, width, "Rows that are there already stay as they are; this is about what is written from now on.");
}

void
kt_render_indexer_configure (JsonObject *answer, GString *out, guint width)
{
  const char *loses = kt_json_string (answer, "loses", NULL), *file = kt_json_string (answer, "file", NULL), *image = kt_json_string (answer, "image", NULL);
  JsonArray *notes = kt_json_array (answer, "notes");
  JsonObject *change = kt_json_object (answer, "change"), *plan = kt_json_object (answer, "plan");
  kt_render_line (out, width, "Options of %s for %s%s%s%s%s:", kt_json_string (answer, "place", ""), kt_json_string (answer, "release", ""),
                  kt_json_string (answer, "use", NULL) != NULL ? " and " : "", kt_json_string (answer, "use", ""), image != NULL ? ", image " : "",
                  image != NULL ? image : "");
  render_words (answer, "options", out);
  for (guint i = 0; i < json_array_get_length (notes); i++)
    kt_render_line (out, width, "- %s", json_array_get_string_element (notes, i));
  g_string_append_c (out, '\n');
  render_cost (answer, out, width);
  if (loses != NULL)
    kt_render_line (out, width, "API servers and people lose: %s.", loses);
  kt_render_findings (answer, out, width);
  if (file == NULL)
    kt_render_line (out, width, "Neither a compose file nor a unit of systemd starts it: put these options where it is started, *** being what stands there now, and restart it.");
  else if (change != NULL)
    kt_render_line (out, width, "Done as change set %" G_GINT64_FORMAT ": kastune undo %" G_GINT64_FORMAT " takes it back.", kt_json_int (change, "id", 0),
                    kt_json_int (change, "id", 0));
  else if (plan != NULL && json_array_get_length (kt_json_array (plan, "steps")) == 0)
    kt_render_line (out, width, "Nothing to do: %s already says so.", file);
  else
    kt_render_line (out, width, "They are written into %s, and %s; your own files stay as they are.", file,
                    kt_json_string (answer, "unit", NULL) != NULL ? "the unit is started again if it runs" : "its container is made anew if there is one");
  if (file != NULL && kt_json_string (answer, "unit", NULL) == NULL)
    g_string_append_printf (out, "Start it from now on with both files (or name both in COMPOSE_FILE of .env):\n    %s\n", kt_json_string (answer, "start", ""));
  if (kt_json_bool (answer, "dry_run", FALSE))
    g_string_append (out, "Only shown; nothing was changed.\n");
}
