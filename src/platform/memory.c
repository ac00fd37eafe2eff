/* SPDX-License-Identifier: MIT
 *
 * /proc/meminfo (proc_meminfo(5)). In a container it shows the host: the limits stand in cgroup.c.
 */
#include "base/size.h"
#include "platform/parts.h"

#include <stddef.h>
#include <string.h>

static const struct {
  const char *name;
  gint64 unit;
  gsize member;
} rows[] = {
  { "MemTotal", KT_KIB, offsetof (KtMemory, total) },
  { "MemAvailable", KT_KIB, offsetof (KtMemory, available) },
  { "SwapTotal", KT_KIB, offsetof (KtMemory, swap_total) },
  { "SwapFree", KT_KIB, offsetof (KtMemory, swap_free) },
  { "Hugepagesize", KT_KIB, offsetof (KtMemory, huge_page_size) },
  { "HugePages_Total", 1, offsetof (KtMemory, huge_pages_total) },
  { "HugePages_Free", 1, offsetof (KtMemory, huge_pages_free) },
  { "Committed_AS", KT_KIB, offsetof (KtMemory, committed) },
  { "CommitLimit", KT_KIB, offsetof (KtMemory, commit_limit) },
};

static void
take_line (KtMemory *memory, const char *line)
{
  const char *colon = strchr (line, ':');
  for (guint i = 0; colon != NULL && i < G_N_ELEMENTS (rows); i++)
    {
      gsize length = strlen (rows[i].name);
      if ((gsize) (colon - line) != length || strncmp (line, rows[i].name, length) != 0)
        continue;
      char *end = NULL;
      guint64 value = g_ascii_strtoull (colon + 1, &end, 10);
      if (end != colon + 1 && value <= (guint64) (G_MAXINT64 / rows[i].unit))
        *(gint64 *) G_STRUCT_MEMBER_P (memory, rows[i].member) = (gint64) value * rows[i].unit;
    }
}

/* /proc/swaps (proc_swaps(5)): a heading, then lines that begin with the device. */
static gboolean
swaps_are_zram (KtSysroot *root)
{
  g_autofree char *text = kt_sysroot_read (root, "/proc/swaps");
  g_auto (GStrv) lines = g_strsplit (text != NULL ? text : "", "\n", -1);
  guint devices = 0;
  for (guint i = 1; lines[0] != NULL && lines[i] != NULL; i++)
    {
      if (*lines[i] == '\0')
        continue;
      if (!g_str_has_prefix (lines[i], "/dev/zram"))
        return FALSE;
      devices++;
    }
  return devices > 0;
}

gboolean
kt_memory_load (KtSysroot *root, KtMemory *memory, GPtrArray *notes)
{
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    *(gint64 *) G_STRUCT_MEMBER_P (memory, rows[i].member) = -1;
  g_autofree char *text = kt_sysroot_read (root, "/proc/meminfo");
  g_auto (GStrv) lines = g_strsplit (text != NULL ? text : "", "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++)
    take_line (memory, lines[i]);
  memory->swap_in_memory = swaps_are_zram (root);
  if (memory->total > 0)
    return TRUE;
  memory->total = -1;
  kt_note (notes, "the size of memory is unknown: /proc/meminfo says no MemTotal");
  return FALSE;
}
