/* SPDX-License-Identifier: MIT
 *
 * THE table of what can be told to the machine: hazard and source of each. When and to what it is set say the rules in advise_kernel.c
 * and advise_disks.c; where it is written and how it comes into force says host/.
 */
#include "tuning/advise_parts.h"

#define MANUAL "PostgreSQL manual, Managing Kernel Resources"
#define KERNEL "kernel documentation, "

static const struct {
  const char *setting;
  const char *hazard, *source;
} facts[] = {
  { "vm.nr_hugepages",
    "reserved pages are lost to everything else; when memory is fragmented fewer are granted, and then nothing is changed",
    MANUAL "; thebuild.com 2026-04-23" },
  { "vm.overcommit_memory", "new processes and large mappings of every program can fail", MANUAL "; kb.dalibo.com" },
  { "vm.swappiness", "0 would invite the OOM killer", "kb.dalibo.com: 10; Pigsty, Autobase: 1" },
  { "vm.dirty_background_bytes", "setting the bytes zeroes the ratio; it concerns every program", "Autobase: 64 MB; Pigsty: 1 to 10 %" },
  { "vm.dirty_bytes", "setting the bytes zeroes the ratio; it concerns every program", "Autobase: 512 MB; Pigsty: 5 to 80 %" },
  { "transparent huge pages", "concerns every program of the machine", MANUAL "; gitlab.com issue 216310; Pigsty, Autobase: never" },
  { "vm.zone_reclaim_mode", "concerns every program of the machine", "Pigsty; " KERNEL "admin-guide/sysctl/vm" },
  { "kernel.numa_balancing", "concerns every program of the machine", "Pigsty; " KERNEL "admin-guide/sysctl/kernel" },
  { "kernel.sched_autogroup_enabled", "concerns every program of the machine", "Pigsty; sched(7)" },
  { "scheduler", "concerns everything on that disk", "Pigsty: none for NVMe; " KERNEL "block/switching-sched" },
  { "read-ahead", "concerns every file on that device", "Pigsty: 64 to 2048 kB; " KERNEL "block/queue-sysfs" },
  { "zfs_arc_max", "lowering it does not shrink the cache at once", "OpenZFS, module parameters" },
  { "noatime", "programs that look at access times (some mail readers) see none", "mount(8)" },
  { "discard", "unused blocks are told to the disk once a week instead of at once", "fstrim(8); ext4(5): costs on each removed file" },
  { "barriers", NULL, "ext4(5), btrfs(5); " MANUAL },
  { "data=journal", "in force only when it is mounted anew", "ext4(5)" },
  { "journal_async_commit", "in force only when it is mounted anew", "ext4(5)" },
};

KtKernelRow *
kt_host_row_add (KtAdvice *advice, const char *setting, const char *subject, const char *format, ...)
{
  va_list arguments;
  KtKernelRow *row = g_new0 (KtKernelRow, 1);
  gboolean of_mount = subject != NULL && *subject == '/';
  row->name = subject != NULL ? g_strconcat (setting, of_mount ? " on " : " of ", subject, NULL) : g_strdup (setting);
  row->verdict = KT_VERDICT_LEFT;
  row->settings = g_ptr_array_new_with_free_func ((GDestroyNotify) kt_host_setting_free);
  va_start (arguments, format);
  row->because = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  for (gsize i = 0; i < G_N_ELEMENTS (facts); i++)
    if (g_str_equal (facts[i].setting, setting))
      {
        row->hazard = facts[i].hazard;
        row->source = facts[i].source;
      }
  g_ptr_array_add (advice->kernel, row);
  return row;
}

static void
append (char **text, const char *between, const char *more)
{
  g_autofree char *was = *text;
  *text = was != NULL ? g_strconcat (was, between, more, NULL) : g_strdup (more);
}

void
kt_host_row_set (KtKernelRow *row, KtHostPlace place, const char *name, const char *value, const char *match)
{
  if (row->verdict != KT_VERDICT_CHANGE)
    return;
  KtHostSetting *setting = kt_host_setting_new (place, name, value, match);
  g_ptr_array_add (row->settings, setting);
  g_autofree char *command = kt_host_setting_command (setting);
  g_autofree char *line = kt_host_setting_line (setting);
  g_autofree char *persist = g_strdup_printf ("%s in %s", line, kt_host_setting_file (setting));
  append (&row->command, " && ", command);
  append (&row->persist, "; ", persist);
}

void
kt_host_row_set_mount (KtKernelRow *row, KtMountChange *change)
{
  row->verdict = KT_VERDICT_CHANGE;
  row->mount = change;
  row->command = kt_mount_change_command (change);
  row->persist = kt_mount_change_persist (change);
}

void
kt_host_row_free (KtKernelRow *row)
{
  g_free (row->name);
  g_free (row->running);
  g_free (row->wanted);
  g_free (row->command);
  g_free (row->persist);
  g_free (row->because);
  g_clear_pointer (&row->settings, g_ptr_array_unref);
  g_clear_pointer (&row->mount, kt_mount_change_free);
  g_free (row);
}
