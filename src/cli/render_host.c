/* SPDX-License-Identifier: MIT */
#include "cli/renderers.h"

#include "base/size.h"

static const KtColumn fact_columns[] = { { NULL, KT_COLUMN_LEFT }, { NULL, KT_COLUMN_WRAP } };

static void
append (GString *text, const char *format, ...) G_GNUC_PRINTF (2, 3);

/* A part of an enumeration, with ", " before all but the first. */
static void
append (GString *text, const char *format, ...)
{
  if (text->len > 0)
    g_string_append (text, ", ");
  va_list args;
  va_start (args, format);
  g_string_append_vprintf (text, format, args);
  va_end (args);
}

static void
append_size (GString *text, JsonObject *object, const char *member, const char *format_before, const char *after)
{
  gint64 bytes = kt_json_int (object, member, -1);
  if (bytes < 0)
    return;
  g_autofree char *size = kt_size_format (bytes);
  append (text, "%s%s%s", format_before, size, after);
}

static void
add_cpu (KtTable *table, JsonObject *answer)
{
  JsonObject *cpu = kt_json_object (answer, "cpu");
  JsonObject *cgroup = kt_json_object (answer, "cgroup");
  g_autoptr (GString) text = g_string_new (NULL);
  static const char *const counts[][2] = { { "threads", "thread" }, { "cores", "core" }, { "sockets", "socket" } };
  for (gsize i = 0; i < G_N_ELEMENTS (counts); i++)
    {
      gint64 count = kt_json_int (cpu, counts[i][0], 0);
      append (text, "%" G_GINT64_FORMAT " %s", count, counts[i][count == 1]);
    }
  if (kt_json_int (cpu, "numa_nodes", 1) > 1)
    append (text, "%" G_GINT64_FORMAT " NUMA nodes", kt_json_int (cpu, "numa_nodes", 1));
  if (kt_json_string (cpu, "model", NULL) != NULL)
    append (text, "%s", kt_json_string (cpu, "model", ""));
  double quota = kt_json_double (cgroup, "cpu_quota_cpus", 0);
  if (quota > 0)
    append (text, "limited to %.4g by %s", quota, kt_json_string (cgroup, "cpu_quota_path", "a cgroup"));
  if (kt_json_double (cpu, "usable_cpus", 0) < (double) kt_json_int (cpu, "threads", 0))
    append (text, "usable: %.4g", kt_json_double (cpu, "usable_cpus", 0));
  kt_table_add (table, "CPU", text->str);
}

static void
add_memory (KtTable *table, JsonObject *answer)
{
  JsonObject *memory = kt_json_object (answer, "memory");
  JsonObject *cgroup = kt_json_object (answer, "cgroup");
  g_autoptr (GString) text = g_string_new (NULL);
  append_size (text, memory, "total_bytes", "", "");
  append_size (text, memory, "available_bytes", "", " available");
  gint64 swap = kt_json_int (memory, "swap_total_bytes", 0);
  if (swap > 0)
    append_size (text, memory, "swap_total_bytes", "swap ", kt_json_bool (memory, "swap_in_memory", FALSE) ? " (in memory: zram)" : "");
  else
    append (text, "no swap");
  gint64 pages = kt_json_int (memory, "huge_pages_total", 0);
  if (pages > 0)
    append (text, "%" G_GINT64_FORMAT " huge pages, %" G_GINT64_FORMAT " free", pages, kt_json_int (memory, "huge_pages_free", 0));
  kt_table_add (table, "memory", text->str);
  g_string_truncate (text, 0);
  append_size (text, cgroup, "memory_limit_bytes", "", "");
  if (text->len > 0)
    {
      g_string_append_printf (text, " (%s)", kt_json_string (cgroup, "memory_limit_path", "cgroup"));
      kt_table_add (table, "  limit", text->str);
    }
}

static void
add_budget (KtTable *table, JsonObject *answer)
{
  JsonObject *budget = kt_json_object (answer, "memory_for_postgresql");
  g_autofree char *left = kt_render_size_member (budget, "postgresql_bytes");
  g_autofree char *total = kt_render_size_member (budget, "total_bytes");
  g_autoptr (GString) sum = g_string_new (NULL);
  g_string_append_printf (sum, "%s of %s; set aside:", left, total);
  kt_table_add (table, "for PostgreSQL", sum->str);
  JsonArray *lines = kt_json_array (budget, "reserved");
  for (guint i = 0; lines != NULL && i < json_array_get_length (lines); i++)
    {
      JsonObject *line = json_array_get_object_element (lines, i);
      g_autofree char *size = kt_render_size_member (line, "bytes");
      g_autofree char *text = g_strdup_printf ("%s for %s: %s", size, kt_json_string (line, "name", ""), kt_json_string (line, "reason", ""));
      kt_table_add (table, "", text);
    }
}

static void
add_kernel (KtTable *table, JsonObject *answer)
{
  JsonObject *kernel = kt_json_object (answer, "kernel");
  g_autoptr (GString) text = g_string_new (NULL);
  static const struct {
    const char *member, *name;
  } words[] = { { "release", "" }, { "distribution", "" }, { "virtualization", "runs in " }, { "clock_source", "clock " },
                { "transparent_huge_pages", "transparent huge pages " } };
  for (gsize i = 0; i < G_N_ELEMENTS (words); i++)
    if (kt_json_string (kernel, words[i].member, NULL) != NULL)
      append (text, "%s%s", words[i].name, kt_json_string (kernel, words[i].member, ""));
  static const struct {
    const char *member, *name;
  } numbers[] = { { "overcommit_memory", "overcommit" }, { "swappiness", "swappiness" } };
  for (gsize i = 0; i < G_N_ELEMENTS (numbers); i++)
    if (json_object_has_member (kernel, numbers[i].member))
      append (text, "%s %" G_GINT64_FORMAT, numbers[i].name, kt_json_int (kernel, numbers[i].member, 0));
  gint64 dirty = kt_json_int (kernel, "dirty_bytes", 0);
  if (dirty > 0)
    append_size (text, kernel, "dirty_bytes", "dirty pages up to ", "");
  else if (json_object_has_member (kernel, "dirty_ratio_percent"))
    append (text, "dirty pages up to %" G_GINT64_FORMAT " %%", kt_json_int (kernel, "dirty_ratio_percent", 0));
  kt_table_add (table, "kernel", text->str);
}

static void
add_device (KtTable *table, JsonObject *device)
{
  g_autoptr (GString) text = g_string_new (NULL);
  for (gint64 i = 0; i <= kt_json_int (device, "depth", 0); i++)
    g_string_append (text, i == 0 ? "on " : "  ");
  g_string_append (text, kt_json_string (device, "name", "?"));
  g_autoptr (GString) facts = g_string_new (NULL);
  static const char *const words[] = { "label", "kind", "transport", "model", "scheduler", "write_cache" };
  for (gsize i = 0; i < G_N_ELEMENTS (words); i++)
    if (kt_json_string (device, words[i], NULL) != NULL)
      append (facts, "%s%s", g_str_equal (words[i], "scheduler") ? "scheduler " : "", kt_json_string (device, words[i], ""));
  append_size (facts, device, "size_bytes", "", "");
  if (json_object_has_member (device, "rotational"))
    append (facts, kt_json_int (device, "rotational", 0) == 1 ? "says it rotates" : "says it does not rotate");
  append_size (facts, device, "read_ahead_bytes", "read-ahead ", "");
  if (kt_json_bool (device, "discard", FALSE))
    append (facts, "discard");
  g_string_append_printf (text, ": %s", facts->str);
  kt_table_add (table, "", text->str);
}

/* The volume before it on the same file system, or NULL: its disks need not be told again. */
static const char *
same_as (JsonArray *volumes, guint n)
{
  const char *mount_point = kt_json_string (json_array_get_object_element (volumes, n), "mount_point", "");
  for (guint i = 0; i < n; i++)
    {
      JsonObject *earlier = json_array_get_object_element (volumes, i);
      if (g_str_equal (kt_json_string (earlier, "mount_point", "?"), mount_point))
        return kt_json_string (earlier, "role", "");
    }
  return NULL;
}

static void
add_volume (KtTable *table, JsonArray *volumes, guint n)
{
  JsonObject *volume = json_array_get_object_element (volumes, n);
  g_autoptr (GString) text = g_string_new (NULL);
  if (same_as (volumes, n) != NULL)
    {
      g_string_append_printf (text, "%s: on the same file system as %s", kt_json_string (volume, "path", "?"), same_as (volumes, n));
      kt_table_add (table, kt_json_string (volume, "role", ""), text->str);
      return;
    }
  g_string_append_printf (text, "%s: %s on %s", kt_json_string (volume, "path", "?"), kt_json_string (volume, "fs_type", "?"),
                          kt_json_string (volume, "mount_point", "?"));
  append_size (text, volume, "available_bytes", "", " free");
  append_size (text, volume, "size_bytes", "of ", "");
  gint64 inodes = kt_json_int (volume, "inodes", 0);
  if (inodes > 0)
    append (text, "%" G_GINT64_FORMAT " %% of inodes free", kt_json_int (volume, "inodes_free", 0) * 100 / inodes);
  kt_table_add (table, kt_json_string (volume, "role", ""), text->str);
  g_autofree char *class = g_strdup_printf ("%s: %s", kt_json_string (volume, "class", "unknown"), kt_json_string (volume, "class_reason", ""));
  kt_table_add (table, "", class);
  if (kt_json_string (volume, "options", NULL) != NULL)
    {
      g_autofree char *options = g_strdup_printf ("mounted %s", kt_json_string (volume, "options", ""));
      kt_table_add (table, "", options);
    }
  if (kt_json_string (volume, "zfs_dataset", NULL) != NULL)
    kt_table_add (table, "", kt_json_string (volume, "zfs_dataset", NULL));
  JsonArray *devices = kt_json_array (volume, "devices");
  for (guint i = 0; devices != NULL && i < json_array_get_length (devices); i++)
    add_device (table, json_array_get_object_element (devices, i));
}

static void
add_zfs (KtTable *table, JsonObject *answer)
{
  JsonObject *zfs = kt_json_object (answer, "zfs");
  g_autoptr (GString) text = g_string_new (NULL);
  gboolean tools = kt_json_bool (zfs, "tools", FALSE);
  gboolean module = kt_json_bool (zfs, "module", FALSE);
  append (text, !tools && !module ? "not installed" : module ? "module loaded" : "tools are there, but the kernel module is not loaded");
  if (kt_json_string (zfs, "version", NULL) != NULL)
    append (text, "version %s", kt_json_string (zfs, "version", ""));
  append_size (text, zfs, "arc_size_bytes", "ARC ", "");
  append_size (text, zfs, "arc_max_bytes", "ARC limit ", "");
  JsonArray *pools = kt_json_array (zfs, "pools");
  for (guint i = 0; pools != NULL && i < json_array_get_length (pools); i++)
    {
      JsonObject *pool = json_array_get_object_element (pools, i);
      append (text, "pool %s %s, %" G_GINT64_FORMAT " %% full", kt_json_string (pool, "name", "?"), kt_json_string (pool, "health", "?"),
              kt_json_int (pool, "capacity_percent", 0));
    }
  kt_table_add (table, "ZFS", text->str);
}

void
kt_render_host (JsonObject *answer, GString *out, guint width)
{
  g_autoptr (KtTable) table = kt_table_new (fact_columns, G_N_ELEMENTS (fact_columns));
  kt_table_add (table, "machine", kt_json_string (answer, "hostname", "?"));
  add_cpu (table, answer);
  add_memory (table, answer);
  add_budget (table, answer);
  add_kernel (table, answer);
  JsonArray *volumes = kt_json_array (answer, "volumes");
  for (guint i = 0; volumes != NULL && i < json_array_get_length (volumes); i++)
    add_volume (table, volumes, i);
  add_zfs (table, answer);
  kt_table_print (table, out, width, 0);
  JsonArray *notes = kt_json_array (answer, "notes");
  for (guint i = 0; notes != NULL && i < json_array_get_length (notes); i++)
    kt_render_line (out, width, "note: %s", json_array_get_string_element (notes, i));
  if (kt_json_string (answer, "recorded", NULL) != NULL)
    kt_render_line (out, width, "recorded in %s; replay it with --root", kt_json_string (answer, "recorded", ""));
}

void
kt_render_doctor (JsonObject *answer, GString *out, guint width)
{
  static const KtColumn columns[] = { { NULL, KT_COLUMN_LEFT }, { NULL, KT_COLUMN_LEFT }, { NULL, KT_COLUMN_WRAP } };
  g_autoptr (KtTable) table = kt_table_new (columns, G_N_ELEMENTS (columns));
  JsonArray *checks = kt_json_array (answer, "checks");
  for (guint i = 0; i < json_array_get_length (checks); i++)
    {
      JsonObject *check = json_array_get_object_element (checks, i);
      const char *remedy = kt_json_string (check, "remedy", NULL);
      kt_table_add (table, kt_json_string (check, "health", ""), kt_json_string (check, "name", ""), kt_json_string (check, "detail", ""));
      if (remedy != NULL)
        {
          g_autofree char *line = g_strconcat ("-> ", remedy, NULL);
          kt_table_add (table, "", "", line);
        }
    }
  kt_table_print (table, out, width, 0);
  g_string_append (out, kt_json_bool (answer, "ready", FALSE) ? "\nReady to advise and to apply.\n" : "\nSomething is missing; see the lines above.\n");
}
