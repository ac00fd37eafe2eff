/* SPDX-License-Identifier: MIT
 *
 * /proc/meminfo, and of the control group with the smallest limit its usage and memory.stat (cgroups(7); v1 and v2 name
 * the same things differently).
 */
#include "platform/headroom.h"
#include "platform/parts.h"

#include <string.h>

struct KtHeadroom {
  KtSysroot *root;
  char *folder;  /* of the control group whose limit applies; NULL: none */
  gboolean v1;
  gint64 limit, total;
};

static const char *const usage_files[] = { "memory.current", "memory.usage_in_bytes" };
/* What the kernel takes back before it ends a process. */
static const char *const reclaimable[][4] = {
  { "active_file", "inactive_file", "slab_reclaimable", NULL },
  { "total_active_file", "total_inactive_file", NULL },
};

KtHeadroom *
kt_headroom_new (gint64 pid, GError **error)
{
  g_autoptr (KtHeadroom) headroom = g_new0 (KtHeadroom, 1);
  headroom->root = kt_sysroot_open (NULL, error);
  g_autoptr (KtPlatform) platform = headroom->root != NULL ? kt_platform_load (headroom->root, NULL, pid, error) : NULL;
  if (platform == NULL)
    return NULL;
  headroom->total = kt_platform_memory_limit (platform);
  headroom->limit = platform->cgroup.memory_limit;
  headroom->v1 = platform->cgroup.version == 1;
  if (platform->cgroup.memory_limit_path != NULL)
    headroom->folder = g_path_get_dirname (platform->cgroup.memory_limit_path);
  return g_steal_pointer (&headroom);
}

void
kt_headroom_free (KtHeadroom *headroom)
{
  if (headroom == NULL)
    return;
  g_clear_pointer (&headroom->root, kt_sysroot_free);
  g_free (headroom->folder);
  g_free (headroom);
}

gint64
kt_headroom_total (const KtHeadroom *headroom)
{
  return headroom->total;
}

/* The number after @name in lines of "name number"; 0 when it is not there. */
static gint64
stat_value (char **lines, const char *name)
{
  gsize length = strlen (name);
  for (; *lines != NULL; lines++)
    if (strncmp (*lines, name, length) == 0 && (*lines)[length] == ' ')
      return g_ascii_strtoll (*lines + length, NULL, 10);
  return 0;
}

static gint64
left_in_group (const KtHeadroom *headroom)
{
  gint64 used = kt_read_number_in (headroom->root, headroom->folder, usage_files[headroom->v1], -1);
  g_autofree char *text = kt_read_in (headroom->root, headroom->folder, "memory.stat");
  if (used < 0)
    return -1;
  g_auto (GStrv) lines = g_strsplit (text != NULL ? text : "", "\n", -1);
  for (const char *const *name = reclaimable[headroom->v1]; *name != NULL; name++)
    used -= stat_value (lines, *name);
  return MAX (headroom->limit - MAX (used, 0), 0);
}

gint64
kt_headroom_left (const KtHeadroom *headroom)
{
  KtMemory memory = { 0 };
  g_autoptr (GPtrArray) notes = g_ptr_array_new_with_free_func (g_free);
  gint64 machine = kt_memory_load (headroom->root, &memory, notes) ? memory.available : -1;
  gint64 group = headroom->folder != NULL ? left_in_group (headroom) : -1;
  return group < 0 ? machine : machine < 0 ? group : MIN (machine, group);
}
