/* SPDX-License-Identifier: MIT */
#include "cli/renderers.h"

#include "base/size.h"

void
kt_render_config_write (JsonObject *answer, GString *out, guint width)
{
  const char *file = kt_json_string (answer, "file", NULL);
  if (file != NULL)
    g_string_append_printf (out, "written: %s\n", file);
  else
    g_string_append (out, kt_json_string (answer, "text", ""));
}

void
kt_render_config_diff (JsonObject *answer, GString *out, guint width)
{
  JsonArray *rows = kt_json_array (answer, "differences");
  guint n = json_array_get_length (rows);
  g_string_append_printf (out, "--- running\n+++ %s\n", kt_json_string (answer, "file", ""));
  for (guint i = 0; i < n; i++)
    {
      JsonObject *row = json_array_get_object_element (rows, i);
      const char *name = kt_json_string (row, "name", "");
      const char *running = kt_json_string (row, "running", NULL);
      if (running != NULL)
        g_string_append_printf (out, "- %s = %s    # %s\n", name, running, kt_json_string (row, "origin", ""));
      g_string_append_printf (out, "+ %s = %s%s\n", name, kt_json_string (row, "file", ""), running == NULL ? "    # unknown to the server" : "");
    }
  if (n == 0)
    g_string_append (out, "no difference\n");
  kt_render_findings (answer, out, width);
}

void
kt_render_config_check (JsonObject *answer, GString *out, guint width)
{
  kt_render_findings (answer, out, width);
  gint64 settings = kt_json_int (answer, "settings", 0);
  kt_render_line (out, width, "%s: %" G_GINT64_FORMAT " setting%s, %s", kt_json_string (answer, "file", ""), settings, settings == 1 ? "" : "s",
                  !kt_json_bool (answer, "accepted", FALSE) ? "must not be used as it is" :
                  json_array_get_length (kt_json_array (answer, "findings")) > 0 ? "can be used" : "nothing to say against it");
}

void
kt_render_config_try (JsonObject *answer, GString *out, guint width)
{
  const char *file = kt_json_string (answer, "file", "");
  g_autofree char *elapsed = kt_duration_format (kt_json_int (answer, "elapsed_ms", 0));
  if (kt_json_bool (answer, "started", FALSE))
    kt_render_line (out, width, "%s: a scratch server of the same binaries started with it, was written to and read from (%s)", file, elapsed);
  else
    {
      kt_render_line (out, width, "%s: a scratch server of the same binaries does not start with it", file);
      kt_text_wrap (out, kt_json_string (answer, "problem", "no reason was logged"), width, 2);
      if (kt_json_string (answer, "hint", NULL) != NULL)
        kt_text_wrap (out, kt_json_string (answer, "hint", ""), width, 2);
    }
  JsonArray *warnings = kt_json_array (answer, "warnings");
  for (guint i = 0; warnings != NULL && i < json_array_get_length (warnings); i++)
    kt_render_line (out, width, "warning: %s", json_array_get_string_element (warnings, i));
  if (json_object_has_member (answer, "shared_memory_bytes"))
    {
      g_autofree char *memory = kt_render_size_member (answer, "shared_memory_bytes");
      kt_render_line (out, width, "It asks the system for %s of shared memory (%" G_GINT64_FORMAT " huge pages).", memory, kt_json_int (answer, "huge_pages", 0));
    }
  if (json_object_has_member (answer, "memory_limit_bytes"))
    {
      g_autofree char *limit = kt_render_size_member (answer, "memory_limit_bytes");
      kt_render_line (out, width, kt_json_bool (answer, "limited", FALSE) ? "It ran under the same memory limit of %s."
                      : "The memory limit of %s could not be set for it.", limit);
    }
}
