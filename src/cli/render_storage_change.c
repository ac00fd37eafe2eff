/* SPDX-License-Identifier: MIT
 *
 * Plans of the operations that change storage, and how they went.
 */
#include "cli/renderers.h"

/* "recordsize=16384: why (what it takes for what is there)". */
static void
render_values (JsonArray *values, GString *out, guint width)
{
  for (guint i = 0; values != NULL && i < json_array_get_length (values); i++)
    {
      JsonObject *row = json_array_get_object_element (values, i);
      const char *running = kt_json_string (row, "running", NULL), *takes = kt_json_string (row, "takes", "");
      g_autofree char *from = running != NULL ? g_strdup_printf ("%s -> ", running) : g_strdup ("");
      g_autofree char *scope = running != NULL ? g_strdup_printf (" (%s)", takes) : g_strdup ("");
      g_autofree char *line = g_strdup_printf ("%s: %s%s%s: %s", kt_json_string (row, "property", ""), from,
                                               kt_json_string (row, "value", ""), scope, kt_json_string (row, "because", ""));
      kt_text_wrap (out, line, width, 4);
      if (kt_json_string (row, "hazard", NULL) != NULL)
        {
          g_autofree char *hazard = g_strdup_printf ("but: %s", kt_json_string (row, "hazard", ""));
          kt_text_wrap (out, hazard, width, 6);
        }
    }
}

void
kt_render_storage_plan (JsonObject *answer, GString *out, guint width)
{
  JsonArray *datasets = kt_json_array (answer, "datasets");
  for (guint i = 0; datasets != NULL && i < json_array_get_length (datasets); i++)
    {
      JsonObject *dataset = json_array_get_object_element (datasets, i);
      kt_render_line (out, width, "%s (%s)%s%s", kt_json_string (dataset, "name", ""), kt_json_string (dataset, "holds", ""),
                      json_object_has_member (dataset, "mount_point") ? " at " : "", kt_json_string (dataset, "mount_point", ""));
      render_values (kt_json_array (dataset, "properties"), out, width);
      g_string_append_c (out, '\n');
    }
  kt_render_plan (answer, out, width);
}

void
kt_render_storage_change (JsonObject *answer, GString *out, guint width)
{
  JsonObject *change = kt_json_object (answer, "change");
  gboolean applied = change != NULL && g_str_equal (kt_json_string (change, "state", ""), "applied");
  if (change == NULL)
    {
      kt_render_storage_plan (answer, out, width);
      if (kt_json_bool (answer, "dry_run", FALSE))
        g_string_append (out, "\nOnly shown; nothing was changed.\n");
    }
  else if (!applied)
    kt_render_apply (answer, out, width);
  else
    kt_render_line (out, width, "Change set %" G_GINT64_FORMAT " is applied and verified. kastune status checks it again at any time, "
                                "kastune undo %" G_GINT64_FORMAT " goes back.", kt_json_int (change, "id", 0), kt_json_int (change, "id", 0));
}
