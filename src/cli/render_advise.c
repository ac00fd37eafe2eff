/* SPDX-License-Identifier: MIT */
#include "cli/renderers.h"

#include "base/size.h"

static gboolean
verdict_is (JsonObject *row, const char *verdict)
{
  return g_str_equal (kt_json_string (row, "verdict", ""), verdict);
}

static void
render_head (JsonObject *answer, GString *out, guint width)
{
  JsonObject *server = kt_json_object (answer, "server");
  JsonObject *profile = kt_json_object (answer, "profile");
  JsonObject *memory = kt_json_object (answer, "memory");
  g_autofree char *postgresql = kt_render_size_member (memory, "postgresql_bytes");
  g_autofree char *total = kt_render_size_member (memory, "total_bytes");
  if (server != NULL)
    kt_render_line (out, width, "PostgreSQL %s, %s", kt_json_string (server, "version", "?"), kt_json_string (server, "name", ""));
  else
    kt_render_line (out, width, "PostgreSQL %" G_GINT64_FORMAT ", no server asked: compared with its defaults", kt_json_int (answer, "major", 0));
  kt_render_line (out, width, "Profile %s, %s phase: %s", kt_json_string (profile, "name", ""), kt_json_string (answer, "phase", ""),
                  kt_json_string (profile, "because", kt_json_string (profile, "summary", "")));
  kt_render_line (out, width, "Memory for PostgreSQL: %s of %s (kastune host shows the sum)", postgresql, total);
}

/* name, running -> wanted, how it takes effect; below it why. */
static void
render_row (JsonObject *row, GString *out, guint width)
{
  const char *running = kt_json_string (row, "running", NULL);
  const char *wanted = kt_json_string (row, "wanted", NULL);
  if (running != NULL && *running == '\0')
    running = "empty";
  const char *verdict = kt_json_string (row, "verdict", "");
  g_string_append_printf (out, "  %s: ", kt_json_string (row, "name", ""));
  if (verdict_is (row, "change") || verdict_is (row, "overridden"))
    g_string_append_printf (out, "%s -> %s", running != NULL ? running : "unset", wanted != NULL ? wanted : "?");
  else
    g_string_append (out, running != NULL ? running : wanted != NULL ? wanted : "unset");
  if (verdict_is (row, "change"))
    g_string_append_printf (out, "   (%s)\n", kt_json_string (row, "apply", ""));
  else
    g_string_append_printf (out, "   (%s)\n", verdict);
  kt_text_wrap (out, kt_json_string (row, "because", ""), width, 6);
  if (kt_json_string (row, "overridden_by", NULL) != NULL)
    {
      g_autofree char *line = g_strdup_printf ("set by: %s", kt_json_string (row, "overridden_by", ""));
      kt_text_wrap (out, line, width, 6);
    }
}

static void
render_parameters (JsonObject *answer, GString *out, guint width, gboolean all)
{
  JsonArray *rows = kt_json_array (answer, "parameters");
  const char *group = NULL;
  for (guint i = 0; i < json_array_get_length (rows); i++)
    {
      JsonObject *row = json_array_get_object_element (rows, i);
      if (!all && !verdict_is (row, "change") && !verdict_is (row, "overridden"))
        continue;
      const char *title = kt_json_string (row, "group_title", "");
      if (g_strcmp0 (group, title) != 0)
        g_string_append_printf (out, "\n%s\n", title);
      group = title;
      render_row (row, out, width);
    }
}

static void
render_extras (JsonObject *answer, GString *out, guint width, const char *member, const char *title, const char *command)
{
  JsonArray *rows = kt_json_array (answer, member);
  gboolean titled = FALSE;
  for (guint i = 0; rows != NULL && i < json_array_get_length (rows); i++)
    {
      JsonObject *row = json_array_get_object_element (rows, i);
      const char *verdict = kt_json_string (row, "verdict", "change");
      const char *text = kt_json_string (row, command, NULL);
      if (!g_str_equal (verdict, "change") || text == NULL)
        continue;
      if (!titled)
        g_string_append_printf (out, "\n%s\n", title);
      titled = TRUE;
      kt_text_wrap (out, text, width, 2);
      kt_text_wrap (out, kt_json_string (row, "because", kt_json_string (row, "meaning", "")), width, 6);
      if (kt_json_string (row, "persist", NULL) != NULL)
        {
          g_autofree char *line = g_strdup_printf ("to keep it over a reboot: %s", kt_json_string (row, "persist", ""));
          kt_text_wrap (out, line, width, 6);
        }
    }
}

static void
render_sum (JsonObject *answer, GString *out, guint width)
{
  guint changes = 0, restarts = 0, good = 0, left = 0, overridden = 0;
  JsonArray *rows = kt_json_array (answer, "parameters");
  for (guint i = 0; i < json_array_get_length (rows); i++)
    {
      JsonObject *row = json_array_get_object_element (rows, i);
      gboolean change = verdict_is (row, "change");
      changes += change;
      restarts += change && g_str_equal (kt_json_string (row, "apply", ""), "restart");
      good += verdict_is (row, "as wanted");
      overridden += verdict_is (row, "overridden");
      left += verdict_is (row, "left") || verdict_is (row, "not offered");
    }
  JsonObject *memory = kt_json_object (answer, "memory");
  JsonObject *worst = kt_json_object (memory, "worst_case");
  g_autofree char *bytes = kt_render_size_member (worst, "bytes");
  g_string_append_c (out, '\n');
  kt_render_line (out, width, "%u to change (%u of them with a restart), %u as wanted, %u left as they are%s.", changes, restarts, good, left,
                  overridden > 0 ? ", some overridden by something stronger" : "");
  kt_render_line (out, width, "At worst these settings use %s of memory (%.4g %% of what PostgreSQL may use: %s).", bytes,
                  kt_json_double (worst, "percent", 0), kt_json_string (worst, "verdict", ""));
  if (changes > 0)
    kt_render_line (out, width, "%s, kastune explain NAME says more about one.", kt_json_bool (answer, "offline", FALSE)
                    ? "kastune config write FILE puts this into a file" : "kastune plan shows the steps");
}

void
kt_render_advise (JsonObject *answer, GString *out, guint width)
{
  gboolean filtered = kt_json_bool (answer, "filtered", FALSE);
  if (!filtered)
    render_head (answer, out, width);
  render_parameters (answer, out, width, kt_json_bool (answer, "show_all", FALSE));
  if (filtered)
    return;
  render_extras (answer, out, width, "tables", "Tables of the indexer (part of the plan)", "statement");
  render_extras (answer, out, width, "kernel", "Machine (kastune apply --host-settings, or by hand as root)", "command");
  render_extras (answer, out, width, "roles", "Offered, not part of the plan", "statement");
  render_sum (answer, out, width);
  kt_render_findings (answer, out, width);
}

static void
add_fact (KtTable *table, const char *label, const char *text)
{
  if (text != NULL && *text != '\0')
    kt_table_add (table, label, text);
}

void
kt_render_explain (JsonObject *answer, GString *out, guint width)
{
  static const KtColumn columns[] = { { NULL, KT_COLUMN_LEFT }, { NULL, KT_COLUMN_WRAP } };
  JsonObject *impact = kt_json_object (answer, "impact");
  const char *min = kt_json_string (answer, "min", NULL);
  g_autofree char *limits = min != NULL ? g_strdup_printf ("%s to %s", min, kt_json_string (answer, "max", "")) : NULL;
  g_autofree char *effect = impact != NULL ? g_strdup_printf ("%s (confidence: %s; from: %s)", kt_json_string (impact, "effect", ""),
                                                              kt_json_string (impact, "confidence", ""), kt_json_string (impact, "basis", ""))
                                           : NULL;
  kt_render_line (out, width, "%s: %s", kt_json_string (answer, "name", ""), kt_json_string (answer, "summary", ""));
  g_autoptr (KtTable) table = kt_table_new (columns, G_N_ELEMENTS (columns));
  add_fact (table, "running", kt_json_string (answer, "running", NULL));
  add_fact (table, "set in", kt_json_string (answer, "origin", NULL));
  add_fact (table, "overridden by", kt_json_string (answer, "overridden_by", NULL));
  add_fact (table, "wanted", kt_json_string (answer, "wanted", NULL));
  add_fact (table, "verdict", kt_json_string (answer, "verdict", NULL));
  add_fact (table, "because", kt_json_string (answer, "because", NULL));
  add_fact (table, "in general", kt_json_string (answer, "why", NULL));
  add_fact (table, "expected", effect);
  add_fact (table, "hazard", kt_json_string (answer, "hazard", NULL));
  add_fact (table, "takes effect", g_str_equal (kt_json_string (answer, "apply", ""), "restart") ? "with a restart" : "with a reload");
  add_fact (table, "default", kt_json_string (answer, "default", NULL));
  add_fact (table, "limits", limits);
  add_fact (table, "source", kt_json_string (answer, "source", NULL));
  add_fact (table, "manual", kt_json_string (answer, "manual", NULL));
  kt_table_print (table, out, width, 2);
  kt_render_findings (answer, out, width);
}
