/* SPDX-License-Identifier: MIT */
#include "cli/renderers.h"

#include "base/table.h"

static const KtColumn columns[] = {
  { "DEVICE", KT_COLUMN_LEFT },  { "BUSY", KT_COLUMN_RIGHT },     { "READS/S", KT_COLUMN_RIGHT }, { "EACH", KT_COLUMN_RIGHT },
  { "WRITES/S", KT_COLUMN_RIGHT }, { "EACH", KT_COLUMN_RIGHT },   { "FLUSHES/S", KT_COLUMN_RIGHT }, { "EACH", KT_COLUMN_RIGHT },
  { "WRITTEN/S", KT_COLUMN_RIGHT }, { "HOLDS", KT_COLUMN_WRAP },
};

static char *
rate (JsonObject *activity, const char *member)
{
  return g_strdup_printf ("%.0f", kt_json_double (activity, member, 0));
}

/* "0.34 ms"; "" when there was none. */
static char *
latency (JsonObject *activity, const char *member)
{
  double ms = kt_json_double (activity, member, -1);
  return ms < 0 ? g_strdup ("") : ms < 10 ? g_strdup_printf ("%.2f ms", ms) : g_strdup_printf ("%.0f ms", ms);
}

static void
add_device (KtTable *table, JsonObject *device, JsonObject *activity)
{
  const char *label = kt_json_string (device, "label", NULL);
  g_autofree char *name = label != NULL ? g_strdup_printf ("%s (%s)", kt_json_string (device, "name", ""), label)
                                        : g_strdup (kt_json_string (device, "name", ""));
  g_autofree char *busy = g_strdup_printf ("%.0f %%", kt_json_double (activity, "busy_percent", 0));
  g_autofree char *reads = rate (activity, "reads_per_s"), *read = latency (activity, "read_ms");
  g_autofree char *writes = rate (activity, "writes_per_s"), *write = latency (activity, "write_ms");
  g_autofree char *flushes = rate (activity, "flushes_per_s"), *flush = latency (activity, "flush_ms");
  g_autoptr (GString) written = g_string_new (NULL);
  kt_render_size (written, (gint64) kt_json_double (activity, "written_bytes_per_s", 0));
  kt_table_add (table, name, busy, reads, read, writes, write, flushes, flush, written->str, kt_json_string (device, "holds", ""));
}

void
kt_render_storage_devices (JsonObject *answer, GString *out, guint width)
{
  JsonArray *devices = kt_json_array (answer, "devices");
  g_autoptr (KtTable) table = kt_table_new (columns, G_N_ELEMENTS (columns));
  guint shown = 0;
  for (guint i = 0; devices != NULL && i < json_array_get_length (devices); i++)
    {
      JsonObject *device = json_array_get_object_element (devices, i);
      JsonObject *activity = kt_json_object (device, "activity");
      if (activity == NULL)
        continue;
      add_device (table, device, activity);
      shown++;
    }
  if (shown == 0)
    return;
  g_string_append_c (out, '\n');
  kt_table_print (table, out, width, 0);
}
