/* SPDX-License-Identifier: MIT */
#include "postgres/scratch_limit.h"

#include "base/control_group.h"

/* The files of the memory controller by cgroup version. */
typedef struct {
  const char *limit;
  const char *swap, *swap_value; /* swap_value NULL: the limit itself, which counts memory and swap together */
  const char *events;
} Files;

static const Files files[] = {
  [1] = { "memory.limit_in_bytes", "memory.memsw.limit_in_bytes", NULL, "memory.oom_control" },
  [2] = { "memory.max", "memory.swap.max", "0", "memory.events" },
};

gboolean
kt_memory_limit_set (const KtControlGroup *group, gint64 bytes)
{
  const Files *names = &files[kt_control_group_version (group)];
  g_autofree char *value = g_strdup_printf ("%" G_GINT64_FORMAT, bytes);
  if (!kt_control_group_put (group, KT_CONTROLLER_MEMORY, names->limit, value))
    return FALSE;
  /* Absent without swap accounting. */
  kt_control_group_put (group, KT_CONTROLLER_MEMORY, names->swap, names->swap_value != NULL ? names->swap_value : value);
  return TRUE;
}

KtControlGroup *
kt_scratch_limit_new (gint64 bytes)
{
  g_autoptr (KtControlGroup) group = kt_control_group_new ("kastune-scratch", 1 << KT_CONTROLLER_MEMORY);
  return group != NULL && kt_memory_limit_set (group, bytes) ? g_steal_pointer (&group) : NULL;
}

gboolean
kt_scratch_limit_was_hit (const KtControlGroup *group)
{
  return kt_control_group_number (group, KT_CONTROLLER_MEMORY, files[kt_control_group_version (group)].events, "oom_kill", 0) > 0;
}
