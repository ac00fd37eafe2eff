/* SPDX-License-Identifier: MIT */
#include "cli/renderers.h"

void
kt_render_profile_list (JsonObject *answer, GString *out, guint width)
{
  static const KtColumn columns[] = { { "PROFILE", KT_COLUMN_LEFT }, { "FOR", KT_COLUMN_WRAP }, { "RECOMMENDED HARDWARE", KT_COLUMN_WRAP } };
  g_autoptr (KtTable) table = kt_table_new (columns, G_N_ELEMENTS (columns));
  JsonArray *profiles = kt_json_array (answer, "profiles");
  for (guint i = 0; i < json_array_get_length (profiles); i++)
    {
      JsonObject *profile = json_array_get_object_element (profiles, i);
      kt_table_add (table, kt_json_string (profile, "name", ""), kt_json_string (profile, "summary", ""), kt_json_string (profile, "hardware", ""));
    }
  kt_table_print (table, out, width, 0);
  g_string_append (out, "\nkastune profile pick says which fits this machine; a key file can extend any of them\n"
                        "(kastune advise --profile FILE).\n");
}

static void
add_overrides (KtTable *table, JsonObject *profile, const char *member, const char *before)
{
  JsonObject *overrides = kt_json_object (profile, member);
  g_autoptr (GList) names = overrides != NULL ? json_object_get_members (overrides) : NULL;
  for (GList *name = names; name != NULL; name = name->next)
    {
      const char *text = kt_json_string (overrides, name->data, NULL);
      g_autofree char *factor = g_strdup_printf ("%s%g", before, kt_json_double (overrides, name->data, 1));
      kt_table_add (table, name->data, text != NULL ? text : factor);
    }
}

static void
add_size (KtTable *table, JsonObject *profile, const char *label, const char *member)
{
  if (!json_object_has_member (profile, member))
    return;
  g_autofree char *text = kt_render_size_member (profile, member);
  kt_table_add (table, label, text);
}

static void
add_number (KtTable *table, JsonObject *profile, const char *label, const char *member, const char *unit)
{
  if (!json_object_has_member (profile, member))
    return;
  g_autofree char *text = g_strdup_printf ("%" G_GINT64_FORMAT "%s", kt_json_int (profile, member, 0), unit);
  kt_table_add (table, label, text);
}

void
kt_render_profile (JsonObject *answer, GString *out, guint width)
{
  static const KtColumn columns[] = { { NULL, KT_COLUMN_LEFT }, { NULL, KT_COLUMN_WRAP } };
  const char *because = kt_json_string (answer, "because", NULL);
  kt_render_line (out, width, "%s: %s", kt_json_string (answer, "name", ""), kt_json_string (answer, "summary", ""));
  if (because != NULL)
    kt_render_line (out, width, "Picked because %s", because);
  g_autoptr (KtTable) table = kt_table_new (columns, G_N_ELEMENTS (columns));
  if (kt_json_string (answer, "file", NULL) != NULL)
    kt_table_add (table, "extends", kt_json_string (answer, "extends", ""));
  kt_table_add (table, "recommended hardware", kt_json_string (answer, "hardware", ""));
  kt_table_add (table, "phase", kt_json_string (answer, "phase", "steady"));
  add_number (table, answer, "shared_buffers", "shared_buffers_percent", " % of PostgreSQL's memory where nothing is known of the data");
  add_number (table, answer, "  at most", "shared_buffers_ceiling_percent", " % where the indexes are known to need it");
  add_number (table, answer, "busy connections", "busy_connections", "");
  add_size (table, answer, "work_mem at most", "work_mem_max_bytes");
  add_size (table, answer, "maintenance_work_mem at most", "maintenance_work_mem_max_bytes");
  add_number (table, answer, "checkpoint_timeout", "checkpoint_timeout_s", " s");
  add_number (table, answer, "crash recovery may take", "recovery_limit_s", " s");
  add_size (table, answer, "memory for others", "reserve_bytes");
  add_number (table, answer, "connections", "connections", "");
  add_overrides (table, answer, "set", "");
  add_overrides (table, answer, "factor", "the rule's value times ");
  kt_table_print (table, out, width, 2);
  if (kt_json_array (answer, "findings") == NULL)
    return;
  g_string_append_c (out, '\n');
  kt_render_findings (answer, out, width);
  g_string_append (out, kt_json_bool (answer, "accepted", FALSE) ? "This profile can be used here.\n" : "This profile cannot be used here.\n");
}
