/* SPDX-License-Identifier: MIT */
#include "cli/renderers.h"

#include "base/table.h"

static const KtColumn columns[] = {
  { "setting", KT_COLUMN_LEFT }, { "now", KT_COLUMN_LEFT }, { "wanted", KT_COLUMN_LEFT }, { "because", KT_COLUMN_WRAP },
};

static guint
render_rows (JsonArray *rows, GString *out, guint width)
{
  guint changes = 0;
  g_autoptr (KtTable) table = kt_table_new (columns, G_N_ELEMENTS (columns));
  for (guint i = 0; i < json_array_get_length (rows); i++)
    {
      JsonObject *row = json_array_get_object_element (rows, i);
      const char *verdict = kt_json_string (row, "verdict", "");
      gboolean change = g_str_equal (verdict, "change");
      kt_table_add (table, kt_json_string (row, "name", ""), kt_json_string (row, "running", ""),
                    change ? kt_json_string (row, "wanted", "") : verdict, kt_json_string (row, "because", ""));
      if (change && kt_json_string (row, "hazard", NULL) != NULL)
        {
          g_autofree char *hazard = g_strdup_printf ("but: %s", kt_json_string (row, "hazard", ""));
          kt_table_add (table, "", "", "", hazard);
        }
      changes += change;
    }
  kt_table_print (table, out, width, 0);
  return changes;
}

static void
render_files (JsonObject *answer, GString *out)
{
  JsonArray *files = kt_json_array (answer, "files");
  for (guint i = 0; files != NULL && i < json_array_get_length (files); i++)
    {
      JsonObject *file = json_array_get_object_element (files, i);
      const char *path = kt_json_string (file, "path", "");
      g_string_append_printf (out, "\n%s %s:\n\n%s", path, g_str_equal (path, "/etc/fstab") ? "(these entries)" : "(all of it)",
                              kt_json_string (file, "text", ""));
    }
}

void
kt_render_host_advise (JsonObject *answer, GString *out, guint width)
{
  const char *by_hand = kt_json_string (answer, "by_hand", NULL);
  JsonArray *rows = kt_json_array (answer, "rows");
  JsonArray *commands = kt_json_array (answer, "commands");
  guint changes = json_array_get_length (rows) > 0 ? render_rows (rows, out, width) : 0;
  if (out->len > 0)
    g_string_append_c (out, '\n');
  if (changes == 0)
    {
      if (by_hand != NULL && json_array_get_length (rows) == 0)
        kt_render_line (out, width, "Nothing can be said of the settings of this machine: %s.", by_hand);
      else
        kt_render_line (out, width, "Nothing to change.");
      return;
    }
  if (by_hand == NULL)
    {
      kt_render_line (out, width, "kastune apply --host-settings sets these and keeps them over a reboot; kastune undo takes them back.");
      return;
    }
  kt_render_line (out, width, "By hand, since kastune cannot do it here: %s. Now:", by_hand);
  g_string_append_c (out, '\n');
  for (guint i = 0; i < json_array_get_length (commands); i++)
    g_string_append_printf (out, "  %s\n", json_array_get_string_element (commands, i));
  g_string_append_c (out, '\n');
  kt_render_line (out, width, "And to keep it over a reboot:");
  render_files (answer, out);
}
