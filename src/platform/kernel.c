/* SPDX-License-Identifier: MIT
 *
 * Kernel settings that a database feels. -1 where the kernel has no such setting or does not show it.
 */
#include "platform/parts.h"

#include <stddef.h>
#include <string.h>

static const struct {
  const char *path;
  gsize member;
} numbers[] = {
  { "/proc/sys/vm/overcommit_memory", offsetof (KtKernel, overcommit_memory) },
  { "/proc/sys/vm/overcommit_ratio", offsetof (KtKernel, overcommit_ratio) },
  { "/proc/sys/vm/swappiness", offsetof (KtKernel, swappiness) },
  { "/proc/sys/vm/dirty_ratio", offsetof (KtKernel, dirty_ratio) },
  { "/proc/sys/vm/dirty_background_ratio", offsetof (KtKernel, dirty_background_ratio) },
  { "/proc/sys/vm/dirty_bytes", offsetof (KtKernel, dirty_bytes) },
  { "/proc/sys/vm/dirty_background_bytes", offsetof (KtKernel, dirty_background_bytes) },
  { "/proc/sys/vm/zone_reclaim_mode", offsetof (KtKernel, zone_reclaim_mode) },
  { "/proc/sys/kernel/numa_balancing", offsetof (KtKernel, numa_balancing) },
  { "/proc/sys/kernel/sched_autogroup_enabled", offsetof (KtKernel, sched_autogroup) },
  { "/proc/sys/kernel/io_uring_disabled", offsetof (KtKernel, io_uring_disabled) },
  /* "Unlimited" is above 2^63 and reads as G_MAXINT64. */
  { "/proc/sys/kernel/shmmax", offsetof (KtKernel, shmmax) },
  { "/proc/sys/kernel/shmall", offsetof (KtKernel, shmall) },
};

static const struct {
  const char *path;
  gsize member;
} words[] = {
  { "/proc/sys/kernel/osrelease", offsetof (KtKernel, release) },
  { "/sys/devices/system/clocksource/clocksource0/current_clocksource", offsetof (KtKernel, clock_source) },
  { "/sys/kernel/mm/transparent_hugepage/enabled", offsetof (KtKernel, transparent_huge_pages) },
  { "/sys/kernel/mm/transparent_hugepage/defrag", offsetof (KtKernel, transparent_huge_pages_defrag) },
};

static char *
load_distribution (KtSysroot *root)
{
  g_autofree char *text = kt_sysroot_read (root, "/etc/os-release");
  if (text == NULL)
    text = kt_sysroot_read (root, "/usr/lib/os-release");
  g_auto (GStrv) lines = g_strsplit (text != NULL ? text : "", "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++)
    if (g_str_has_prefix (lines[i], "PRETTY_NAME="))
      {
        char *value = g_shell_unquote (lines[i] + strlen ("PRETTY_NAME="), NULL);
        return value != NULL ? value : g_strdup (lines[i] + strlen ("PRETTY_NAME="));
      }
  return NULL;
}

void
kt_kernel_load (KtSysroot *root, KtKernel *kernel)
{
  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++)
    *(gint64 *) G_STRUCT_MEMBER_P (kernel, numbers[i].member) = kt_read_number (root, numbers[i].path, -1);
  for (guint i = 0; i < G_N_ELEMENTS (words); i++)
    {
      g_autofree char *text = kt_sysroot_read (root, words[i].path);
      *(char **) G_STRUCT_MEMBER_P (kernel, words[i].member) = kt_active_word (text);
    }
  kernel->distribution = load_distribution (root);
  g_autofree char *timer = kt_sysroot_link (root, "/etc/systemd/system/timers.target.wants/fstrim.timer");
  kernel->fstrim_timer = timer != NULL;

  KtFsSize shm;
  gboolean known = kt_fact_fs_size (root, "/dev/shm", &shm);
  kernel->dev_shm_size = known ? shm.size : -1;
  kernel->dev_shm_available = known ? shm.available : -1;
}
