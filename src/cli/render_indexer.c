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

void
kt_render_indexer_features (JsonObject *answer, GString *out, guint width)
{
  JsonArray *uses = kt_json_array (answer, "uses");
  kt_render_line (out, width, "Options of simply-kaspa-indexer %s by what it is for; disk and WAL at %g transactions a second:",
                  kt_json_string (answer, "release", ""), kt_json_double (answer, "transactions_per_s", 0));
  g_string_append_c (out, '\n');
  for (guint i = 0; i < json_array_get_length (uses); i++)
    render_use (json_array_get_object_element (uses, i), out, width);
  kt_render_line (out, width, "Rows that are there already stay. kastune indexer check -- OPTIONS says what a command line of yours does.");
}

void
kt_render_indexer_check (JsonObject *answer, GString *out, guint width)
{
  kt_render_line (out, width, "simply-kaspa-indexer %s %s this command line", kt_json_string (answer, "release", ""),
                  kt_json_bool (answer, "accepted", FALSE) ? "accepts" : "rejects");
  kt_render_findings (answer, out, width);
}
