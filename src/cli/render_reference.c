/* SPDX-License-Identifier: MIT
 *
 * The reference pages as Markdown. docs/reference holds what this prints; a test fails when a page is stale.
 */
#include "cli/renderers.h"

static void
line (GString *out, const char *label, JsonObject *object, const char *member)
{
  const char *text = kt_json_string (object, member, NULL);
  if (text != NULL && *text != '\0')
    g_string_append_printf (out, "- %s: %s\n", label, text);
}

static void
render_parameter (JsonObject *row, GString *out)
{
  const char *summary = kt_json_string (row, "summary", "");
  g_string_append_printf (out, "\n### %s\n\n%c%s.\n\n", kt_json_string (row, "name", ""), g_ascii_toupper (summary[0]),
                          *summary != '\0' ? summary + 1 : "");
  gint64 until = kt_json_int (row, "until", 0);
  g_autofree char *last = until > 0 ? g_strdup_printf ("%" G_GINT64_FORMAT, until) : g_strdup ("today");
  g_string_append_printf (out, "- PostgreSQL %" G_GINT64_FORMAT " to %s, takes effect with a %s\n", kt_json_int (row, "since", 0), last,
                          kt_json_string (row, "apply", ""));
  line (out, "default", row, "default");
  if (kt_json_bool (row, "never", FALSE))
    g_string_append (out, "- never set by kastune\n");
  else if (!kt_json_bool (row, "decided", FALSE))
    line (out, "left as it is", row, "left");
  line (out, "why", row, "why");
  line (out, "expected", row, "effect");
  line (out, "from", row, "basis");
  line (out, "hazard", row, "hazard");
  line (out, "source", row, "source");
  line (out, "manual", row, "manual");
}

static void
render_command (JsonObject *row, GString *out)
{
  g_string_append_printf (out, "\n### kastune %s\n\n%s.\n", kt_json_string (row, "name", ""), kt_json_string (row, "summary", ""));
  if (kt_json_string (row, "help", NULL) != NULL)
    g_string_append_printf (out, "\n%s\n", kt_json_string (row, "help", ""));
  JsonArray *arguments = kt_json_array (row, "arguments");
  for (guint i = 0; i < json_array_get_length (arguments); i++)
    {
      JsonObject *arg = json_array_get_object_element (arguments, i);
      const char *value = kt_json_string (arg, "value", NULL);
      gboolean positional = kt_json_bool (arg, "positional", FALSE);
      g_string_append_printf (out, "%s- `%s%s%s%s`: %s\n", i == 0 ? "\n" : "", positional ? "" : "--",
                              positional ? "" : kt_json_string (arg, "name", ""), value != NULL && !positional ? " " : "",
                              value != NULL ? value : "", kt_json_string (arg, "help", ""));
    }
}

void
kt_render_reference (JsonObject *answer, GString *out, guint width)
{
  JsonArray *rows = kt_json_array (answer, "parameters");
  gboolean parameters = rows != NULL;
  if (!parameters)
    rows = kt_json_array (answer, "commands");
  g_string_append (out, parameters ? "# Parameters\n\nWritten by `kastune reference parameters`. The values for a machine: `kastune advise`, `kastune explain NAME`.\n"
                                   : "# Commands\n\nWritten by `kastune reference commands`. Every command also knows `--json`, `--progress`, `--quiet`, `--config FILE`, `--state DIR`, `--help`.\n");
  const char *group = NULL;
  for (guint i = 0; i < json_array_get_length (rows); i++)
    {
      JsonObject *row = json_array_get_object_element (rows, i);
      if (g_strcmp0 (group, kt_json_string (row, "group", NULL)) != 0)
        {
          group = kt_json_string (row, "group", NULL);
          g_string_append_printf (out, "\n## %s\n", group);
        }
      if (parameters)
        render_parameter (row, out);
      else
        render_command (row, out);
    }
}
