/* SPDX-License-Identifier: MIT */
#include "cli/renderers.h"

#include "base/size.h"

static char *
schemas_text (JsonArray *schemas)
{
  GString *text = g_string_new (NULL);
  for (guint i = 0; i < json_array_get_length (schemas); i++)
    g_string_append_printf (text, "%s%d", i > 0 ? " " : "", (int) json_array_get_int_element (schemas, i));
  return g_string_free (text, FALSE);
}

void
kt_render_indexer_releases (JsonObject *answer, GString *out, guint width)
{
  static const KtColumn columns[] = { { "RELEASE", KT_COLUMN_LEFT }, { "DATE", KT_COLUMN_LEFT }, { "SCHEMA", KT_COLUMN_RIGHT },
                                      { "MIGRATES", KT_COLUMN_LEFT }, { "WHAT", KT_COLUMN_WRAP } };
  JsonArray *releases = kt_json_array (answer, "releases");
  g_autoptr (KtTable) table = kt_table_new (columns, G_N_ELEMENTS (columns));
  for (guint i = 0; i < json_array_get_length (releases); i++)
    {
      JsonObject *release = json_array_get_object_element (releases, i);
      g_autofree char *schema = g_strdup_printf ("%d", (int) kt_json_int (release, "schema", 0));
      g_autofree char *from = schemas_text (kt_json_array (release, "migrates_from"));
      const char *defect = kt_json_string (release, "defect", NULL);
      g_autofree char *what = g_strdup_printf ("%s%s%s", kt_json_string (release, "what", ""), defect != NULL ? "; but: " : "",
                                               defect != NULL ? defect : "");
      kt_table_add (table, kt_json_string (release, "tag", ""), kt_json_string (release, "date", ""), schema, from, what);
    }
  kt_table_print (table, out, width, 0);
  g_string_append_c (out, '\n');
  kt_render_line (out, width, "Newest stable: %s. Known until %s; MIGRATES: schemas that -u brings to its own.",
                  kt_json_string (answer, "newest_stable", ""), kt_json_string (answer, "known_until", ""));
}

static void
render_use (JsonObject *use, GString *out, guint width)
{
  JsonArray *words = kt_json_array (use, "arguments");
  g_autofree char *disk = kt_size_format ((gint64) kt_json_double (use, "disk_bytes_per_day", 0));
  g_autofree char *wal = kt_size_format ((gint64) kt_json_double (use, "wal_bytes_per_day", 0));
  kt_render_line (out, width, "%s: %s", kt_json_string (use, "name", ""), kt_json_string (use, "summary", ""));
  g_autofree char *cost = g_strdup_printf ("%s of disk and %s of WAL a day; lost: %s", disk, wal, kt_json_string (use, "loses", ""));
  kt_text_wrap (out, cost, width, 2);
  if (json_array_get_length (words) == 0)
    g_string_append (out, "    (no options)\n");
  for (guint i = 0; i < json_array_get_length (words); i++)
    g_string_append_printf (out, "    %s\n", json_array_get_string_element (words, i));
  g_string_append_c (out, '\n');
}

static void
render_uses (JsonObject *answer, GString *out, guint width)
{
  JsonArray *uses = kt_json_array (answer, "uses");
  kt_render_line (out, width, "Options of simply-kaspa-indexer %s by what it is for; disk and WAL at %g transactions a second:",
                  kt_json_string (answer, "release", ""), kt_json_double (answer, "transactions_per_s", 0));
  g_string_append_c (out, '\n');
  for (guint i = 0; i < json_array_get_length (uses); i++)
    render_use (json_array_get_object_element (uses, i), out, width);
  kt_render_line (out, width, "Rows that are there already stay. kastune indexer features USE says more about one, also with --disable, --exclude-fields, "
                              "--keep and --mapping; kastune indexer check -- OPTIONS what a command line of yours does.");
}

static void
render_words (JsonObject *answer, GString *out)
{
  JsonArray *words = kt_json_array (answer, "arguments");
  for (guint i = 0; i < json_array_get_length (words); i++)
    g_string_append_printf (out, "    %s\n", json_array_get_string_element (words, i));
  if (json_array_get_length (words) == 0)
    g_string_append (out, "    (no options)\n");
}

static void
render_needs (JsonObject *answer, GString *out, guint width)
{
  static const KtColumn columns[] = { { "TABLE", KT_COLUMN_LEFT }, { "ROWS A DAY", KT_COLUMN_RIGHT }, { "DISK A DAY", KT_COLUMN_RIGHT }, { "WAL A DAY", KT_COLUMN_RIGHT } };
  JsonObject *needs = kt_json_object (answer, "needs"), *everything = kt_json_object (answer, "everything");
  JsonArray *rows = kt_json_array (needs, "tables");
  g_autoptr (KtTable) table = kt_table_new (columns, G_N_ELEMENTS (columns));
  for (guint i = 0; i < json_array_get_length (rows); i++)
    {
      JsonObject *row = json_array_get_object_element (rows, i);
      g_autofree char *n = g_strdup_printf ("%.2f M", kt_json_double (row, "rows_per_day", 0) / 1e6);
      g_autofree char *disk = kt_render_size_member (row, "disk_bytes_per_day"), *wal = kt_render_size_member (row, "wal_bytes_per_day");
      kt_table_add (table, kt_json_string (row, "name", ""), n, disk, wal);
    }
  kt_table_print (table, out, width, 0);
  g_autofree char *disk = kt_size_format ((gint64) kt_json_double (needs, "disk_bytes_per_day", 0));
  g_autofree char *all = kt_size_format ((gint64) kt_json_double (everything, "disk_bytes_per_day", 0));
  g_autofree char *kept = kt_render_size_member (needs, "disk_bytes");
  kt_render_line (out, width, "Disk: %s a day instead of %s for everything; %s%s.", disk, all,
                  json_object_has_member (needs, "disk_bytes") ? kept : "it grows for ever",
                  json_object_has_member (needs, "disk_bytes") ? " at this retention" : ": nothing is pruned");
  kt_render_line (out, width, "WAL: %.0f bytes a transaction instead of %.0f, without page images.", kt_json_double (needs, "wal_bytes_per_transaction", 0),
                  kt_json_double (everything, "wal_bytes_per_transaction", 0));
}

static void
render_choices (JsonObject *answer, GString *out, guint width)
{
  static const KtColumn columns[] = { { "LEFT OUT", KT_COLUMN_LEFT }, { "DISK A DAY", KT_COLUMN_RIGHT }, { "WAL/TX", KT_COLUMN_RIGHT }, { "LOST", KT_COLUMN_WRAP } };
  JsonArray *rows = kt_json_array (answer, "choices");
  g_autoptr (KtTable) table = kt_table_new (columns, G_N_ELEMENTS (columns));
  if (json_array_get_length (rows) == 0)
    return;
  for (guint i = 0; i < json_array_get_length (rows); i++)
    {
      JsonObject *row = json_array_get_object_element (rows, i), *saves = kt_json_object (row, "saves");
      double bytes = kt_json_double (saves, "disk_bytes_per_day", 0), wal = kt_json_double (saves, "wal_bytes_per_transaction", 0);
      g_autofree char *size = kt_size_format ((gint64) ABS (bytes));
      g_autofree char *disk = ABS (bytes) < 1 ? g_strdup ("-") : g_strdup_printf ("%s%s", bytes < 0 ? "+" : "-", size);
      g_autofree char *log = ABS (wal) < 1 ? g_strdup ("-") : g_strdup_printf ("%+.0f B", -wal);
      kt_table_add (table, kt_json_string (row, "value", ""), disk, log, kt_json_string (row, "loses", ""));
    }
  g_string_append_c (out, '\n');
  kt_table_print (table, out, width, 0);
}

static void
render_strings (JsonArray *texts, const char *before, GString *out, guint width)
{
  for (guint i = 0; texts != NULL && i < json_array_get_length (texts); i++)
    kt_render_line (out, width, "%s%s", before, json_array_get_string_element (texts, i));
}

static void
render_start (JsonObject *answer, GString *out, guint width)
{
  JsonObject *start = kt_json_object (answer, "start");
  const char *option = start != NULL ? kt_json_string (start, "option", NULL) : NULL;
  if (start == NULL)
    return;
  kt_render_line (out, width, "Start: %s.%s%s%s", kt_json_string (start, "meaning", ""), option != NULL ? " Once, by hand: " : "", option != NULL ? option : "",
                  option != NULL ? ". Not in a compose file: each start would begin there again, with a gap or a repetition." : "");
}

static char *
joined (JsonArray *texts)
{
  g_autoptr (GString) text = g_string_new (NULL);
  for (guint i = 0; texts != NULL && i < json_array_get_length (texts); i++)
    g_string_append_printf (text, "%s%s", i > 0 ? ", " : "", json_array_get_string_element (texts, i));
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static void
render_combination (JsonObject *answer, GString *out, guint width)
{
  g_autofree char *api = joined (kt_json_array (answer, "api_settings"));
  kt_render_line (out, width, "simply-kaspa-indexer %s (schema %" G_GINT64_FORMAT "), beginning with %s: %s", kt_json_string (answer, "release", ""),
                  kt_json_int (answer, "schema", 0), kt_json_string (answer, "use", ""), kt_json_string (answer, "summary", ""));
  render_words (answer, out);
  render_strings (kt_json_array (answer, "notes"), "- ", out, width);
  g_string_append_printf (out, "\nAt %g transactions a second:\n", kt_json_double (answer, "transactions_per_s", 0));
  render_needs (answer, out, width);
  kt_render_line (out, width, "Histories: %s. kaspa-rest-server: %s.", kt_json_string (answer, "mapping", ""), api);
  render_start (answer, out, width);
  render_choices (answer, out, width);
  g_string_append_c (out, '\n');
  kt_render_findings (answer, out, width);
  if (kt_json_bool (answer, "valid", FALSE))
    g_string_append_printf (out, "These options, beside yours that say where to connect, are set by\n    %s\n", kt_json_string (answer, "configure", ""));
  else
    kt_render_line (out, width, "This would not work, so nothing sets it.");
  render_strings (kt_json_array (kt_json_object (answer, "needs"), "sources"), "source: ", out, width);
}

void
kt_render_indexer_features (JsonObject *answer, GString *out, guint width)
{
  if (json_object_has_member (answer, "uses"))
    render_uses (answer, out, width);
  else
    render_combination (answer, out, width);
}

void
kt_render_indexer_check (JsonObject *answer, GString *out, guint width)
{
  kt_render_line (out, width, "simply-kaspa-indexer %s %s this command line", kt_json_string (answer, "release", ""),
                  kt_json_bool (answer, "accepted", FALSE) ? "accepts" : "rejects");
  kt_render_findings (answer, out, width);
}
